// What a statement of a view program can be: one row each.
#pragma once

#include <span>

#include "frontend/tensor.h"
#include "tests/random_engine.h"

namespace sinter::tests {

struct ViewRow {
  const char* name;
  int weight;  // how often it is drawn
  // Of any two tensors of floats with axes. Axes, sizes and steps are drawn.
  Tensor (*run)(RandomEngine& random, const Tensor& a, const Tensor& b);
};
[[nodiscard]] std::span<const ViewRow> view_rows();

}  // namespace sinter::tests
