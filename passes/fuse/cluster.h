// What fusion decides and lowering reads: which operations run in one kernel, and which values kernels hand to each
// other.
#pragma once

#include <vector>

#include "ir/graph/graph.h"

namespace sinter::passes {

// One kernel to be. Views, constants and index-computed operations belong to no cluster: whoever needs them computes
// them.
struct Cluster {
  std::vector<uint32_t> ops;       // ascending; empty for a plain copy of views
  std::vector<ir::Value> outputs;  // values stored to memory
};

// Whether the operation is work of its own (elementwise, reduction, dot, scatter), not something lowering sees through.
[[nodiscard]] bool is_work(const ir::Op& op);

// The value whose memory serves for this one: reshapes and stop_gradient share their operand's.
[[nodiscard]] ir::Value storage_of(const ir::Graph& graph, ir::Value value);

}  // namespace sinter::passes
