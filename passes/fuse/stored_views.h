// Views that are stored although lowering could see through them.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "ir/graph/graph.h"
#include "passes/lower/lower.h"

namespace sinter::passes {

struct StoredView {
  ir::Value value;
  std::optional<uint32_t> reader;  // the operation for whose sake; none: it is a result
  std::string_view reason;
};

// Results that are views; views that would take too many loads an element, or lie too deep behind others; operands of
// dots that are no plain memory. Each gets a copy of its own. layouts: as for lowering.
[[nodiscard]] std::vector<StoredView> stored_views(const ir::Graph& graph, const Layouts& layouts);

}  // namespace sinter::passes
