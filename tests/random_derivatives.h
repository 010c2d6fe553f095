// Differentiates random graphs, as often as asked.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/graph/graph.h"

namespace sinter::tests {

struct Derivative {
  ir::Graph of;         // one result, a scalar: a random weighted sum of all float results of the graph before
  ir::Graph gradients;  // the same operations and more; results: gradients of that by each float parameter
};

// The first derivative of a graph, and so on: each goes on from the operations of the one before. Calls are inlined and
// states are results like others.
[[nodiscard]] std::vector<Derivative> random_derivatives(const ir::Graph& graph, uint64_t seed, int order);

}  // namespace sinter::tests
