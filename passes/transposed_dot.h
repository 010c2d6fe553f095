// Makes matrix products come out the way round they are wanted: transpose(dot(a, b)) = dot(transpose(b), transpose(a)),
// the same bits. What consumes a weight's gradient then rides on the product's registers. Golden test:
// tests/golden/transposed_dot.sir
#pragma once

#include "ir/graph/rewriter.h"

namespace sinter::passes {

// The graph with such pairs turned around, where the transpose swaps the last two axes and is the product's only
// reader.
[[nodiscard]] ir::Rewritten transposed_dot(const ir::Graph& graph);

}  // namespace sinter::passes
