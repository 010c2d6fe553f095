// Graphs as DOT, for Graphviz.
#pragma once

#include <string>

#include "ir/graph/graph.h"

namespace sinter::detail {

// A traced graph: parameters and results as boxes, operations as ellipses, edges labelled with types.
[[nodiscard]] std::string draw(const ir::Graph& graph);

}  // namespace sinter::detail
