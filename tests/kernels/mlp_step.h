// The training step of the MNIST network as a graph: forward, cross entropy, backward, Adam, state in and out.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/graph/graph.h"

namespace sinter::test {

// Parameters: images f32[batch, sizes[0]], labels i64[batch], then per layer weight, bias, their first and second
// moments (all state), and the step counter (state). Results: the loss, and the new state.
[[nodiscard]] ir::Graph mlp_step(int64_t batch, const std::vector<int64_t>& sizes);

}  // namespace sinter::test
