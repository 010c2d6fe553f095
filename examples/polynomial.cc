// y = x^2 + 3x + 1 and its derivative.
#include <fmt/core.h>

#include "sinter/sinter.h"

using namespace sinter;

int main() {
  const Tensor x = tensor({2.0}, {.requires_grad = true});
  const Tensor y = pow(x, 2) + 3 * x + 1;
  fmt::print("y: {:.1f}\n", y.item());

  y.backward();
  fmt::print("gradient: {:.1f}\n", x.grad().item());

  fmt::print("{}\n{}\n", y, x);
}
