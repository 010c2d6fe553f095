// Replaces calls by the operations of their callees: differentiation and fusion do not look into calls.
// Golden test: tests/golden/inline_calls.sir
#pragma once

#include "ir/graph/rewriter.h"

namespace sinter::passes {

// The graph without calls, and whether it had any. Operations that come from a callee carry the call's locations and
// salt too, and its scope before their own.
[[nodiscard]] ir::Rewritten inline_calls(const ir::Graph& graph);

}  // namespace sinter::passes
