// Views that are stored although lowering could see through them.
#pragma once

#include <vector>

#include "ir/graph/graph.h"

namespace sinter::passes {

// Results that are views; views that would take too many loads an element, or lie too deep behind others; operands of
// dots that are no plain memory. Each gets a copy of its own.
[[nodiscard]] std::vector<ir::Value> stored_views(const ir::Graph& graph);

}  // namespace sinter::passes
