// Random elements, and when two results are the same.
#pragma once

#include "ir/graph/type.h"
#include "tests/random_engine.h"

namespace sinter::tests {

// Floats in [-3, 3] and now and then a zero of either sign, integers in [-10, 10]. With extremes, every fourth literal
// has NaN, infinities, huge numbers, denormals or the largest integers among its elements.
[[nodiscard]] ir::Literal random_literal(RandomEngine& random, const ir::Type& type, bool extremes);

// Elements equal as results are compared: bit by bit, but NaNs count as one and denormals as zeros of their sign.
[[nodiscard]] bool same_bits(const ir::Literal& a, const ir::Literal& b);

}  // namespace sinter::tests
