// Drops operations that no result needs. Golden test: tests/golden/dead_code.sir
#pragma once

#include "ir/graph/rewriter.h"

namespace sinter::passes {

// The graph without them, and whether there were any. Parameters stay: they are the graph's interface.
[[nodiscard]] ir::Rewritten dead_code(const ir::Graph& graph);

}  // namespace sinter::passes
