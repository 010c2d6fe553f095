// Differentiates graphs on the dynamic engine's tape.
#pragma once

#include <span>
#include <vector>

#include "tests/random_derivatives.h"

namespace sinter::test {

// The results of the last of a graph's derivatives, found by the front end's gradients() one after the other; zeros
// where nothing flows. A layout as in tests/literal_tensors.h.
[[nodiscard]] std::vector<ir::Literal> gradients_on_tape(std::span<const tests::Derivative> derivatives,
                                                         std::span<const ir::Literal> inputs, uint64_t layout);

}  // namespace sinter::test
