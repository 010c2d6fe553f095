// The graphs of small training programs, in any size: what tests and benchmarks of kernels run. Each but softmax ends
// in a scalar, its first result, to be differentiated (passes/differentiate.h).
#pragma once

#include <cstdint>

#include "ir/graph/graph.h"

namespace sinter::test {

// The mean square of x w + b - t.
[[nodiscard]] ir::Graph linear_regression(int64_t batch, int64_t features);
// Over the columns.
[[nodiscard]] ir::Graph softmax(int64_t rows, int64_t columns);
// The sum of the rows' cross entropies with labels.
[[nodiscard]] ir::Graph softmax_cross_entropy(int64_t rows, int64_t classes);
// Scaled, shifted, and summed with weights.
[[nodiscard]] ir::Graph layer_norm(int64_t rows, int64_t columns);

}  // namespace sinter::test
