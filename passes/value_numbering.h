// Keeps one of each set of equal operations. Golden test: tests/golden/value_numbering.sir
#pragma once

#include "ir/graph/rewriter.h"

namespace sinter::passes {

// The graph with equal operations merged, and whether any were. A survivor carries the locations of all it stands for;
// operations of different salt (checkpoint) are left apart.
[[nodiscard]] ir::Rewritten value_numbering(const ir::Graph& graph);

}  // namespace sinter::passes
