// Replaces operations by cheaper ones with the same bits, by the rules of simplify_rules.h; removes stop_gradient, and
// so runs after differentiation only. Golden test: tests/golden/simplify.sir
#pragma once

#include "ir/graph/rewriter.h"

namespace sinter::passes {

// The graph with rules applied to each operation once its operands are simplified, and whether any fired. Exact: every
// element keeps its bits, except that NaNs count as equal and denormals as zeros of their sign (flush-to-zero). An
// out-of-range index error is kept unless its scatter_add became a select. What was replaced stays in the graph until
// dead_code.
[[nodiscard]] ir::Rewritten simplify(const ir::Graph& graph);

}  // namespace sinter::passes
