// A tour of tensors: making, reducing, reshaping, printing, differentiating them.
#include <fmt/core.h>

#include <limits>

#include "sinter/sinter.h"

using namespace sinter;

int main() {
  const Tensor x = tensor({{1.0, 2.0}, {3.0, 4.0}});
  fmt::print("Tensor x: {}\n", x);
  fmt::print("Sum: {}\n", sum(x));
  fmt::print("Mean: {}\n", mean(x));
  fmt::print("Max: {}\n", max(x));
  fmt::print("Argmax: {}\n", argmax(x));

  const Tensor integers = tensor({{1, 2}, {3, 4}});
  fmt::print("Reshaped Tensor: {}\n", integers.reshape({4, 1}));
  fmt::print("Transposed Tensor: {}\n", transpose(integers, 0, 1));
  fmt::print("Flattened Tensor: {}\n", flatten(integers));

  const Tensor row = tensor({1, 2, 3, 4, 5}, {.dtype = kFloat32});
  fmt::print("Max: {}\n", max(row));
  fmt::print("Mean: {}\n", mean(row));
  fmt::print("Variance: {}\n", var(row));

  fmt::print("Zeros Tensor: {}\n", zeros({2, 3}));
  fmt::print("Ones Tensor: {}\n", ones({2, 3}));
  fmt::print("Arange Tensor: {}\n", arange(0, 10, 2));
  manual_seed(0);
  fmt::print("Random Tensor: {}\n", rand({2, 3}));
  fmt::print("Random Normal Tensor: {}\n", randn({2, 3}));

  constexpr float kInf = std::numeric_limits<float>::infinity(), kNaN = std::numeric_limits<float>::quiet_NaN();
  fmt::print("Printing extras: {} {} {} {} {} {} {} {} {}\n", tensor({1e-8, 1.0, 1e6}), tensor({0.1, 100.25}),
             tensor({kNaN, kInf, 1.0f}), tensor(true), zeros({1, 0}), arange(2000), tensor({1.5}, {.dtype = kFloat64}),
             tensor(3), tensor({{{-0.0, 1.0}, {0.0, 1.0}}, {{-1.0, -1.0}, {-1.0, 0.0}}}));

  const Tensor leaf = tensor(2.0, {.requires_grad = true});
  pow(leaf, 3).backward();
  fmt::print("Gradient: {}\n", leaf.grad());
}
