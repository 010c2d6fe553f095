// Literals as tensors of the front end, and back.
#pragma once

#include "frontend/tensor.h"
#include "ir/graph/graph.h"

namespace sinter::tests {

// layout 0: row-major; any other number: a view into larger memory that is NaN around it, with axes in another order,
// gaps and an offset.
[[nodiscard]] Tensor tensor_of(const ir::Literal& literal, Device device = {}, uint64_t layout = 0);

[[nodiscard]] ir::Literal literal_of(const Tensor& x);

}  // namespace sinter::tests
