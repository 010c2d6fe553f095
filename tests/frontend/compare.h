// What tests of the front end share: a table of functions with inputs, comparison of bits, gradients by finite
// differences.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sinter/sinter.h"

namespace sinter {

using Function = std::function<Tensor(const std::vector<Tensor>&)>;
struct Case {
  std::string name;
  std::function<std::vector<Tensor>()> inputs;  // random, f64, away from kinks
  Function f;
};
// Every function of the front end.
[[nodiscard]] const std::vector<Case>& cases();

// Whether dtype, shape and all bits are equal (NaNs are one).
[[nodiscard]] bool same_bits(const Tensor& a, const Tensor& b);

// The largest error, relative where large, of the gradient of sum(weights * f(inputs)) with respect to input `which`,
// compared with central differences.
[[nodiscard]] double gradient_error(const Function& f, const std::vector<Tensor>& inputs, size_t which);

}  // namespace sinter
