// A sum of tensors that are zero but for a slab each is a concat of the slabs: the gradient of a tensor whose parts
// were read apart is its parts side by side, not a chain of additions over all of it. Golden test:
// tests/golden/sum_of_pads.sir
#pragma once

#include "ir/graph/rewriter.h"

namespace sinter::passes {

// The graph with such sums replaced, where slabs along one axis are equal or do not meet. The same bits: adding +0
// before, between or after other terms does no more than to turn a sum of -0 into +0, which one +0 at the end does too.
[[nodiscard]] ir::Rewritten sum_of_pads(const ir::Graph& graph);

}  // namespace sinter::passes
