// A branch that depends on data: run at once it is an `if`; in a compiled function it is a `where`.
#include <fmt/core.h>

#include "sinter/sinter.h"

using namespace sinter;

Tensor with_if(const Tensor& x) { return x > 0 ? pow(x, 2) : pow(x, 3); }

Tensor with_where(const Tensor& x) { return where(x > 0, pow(x, 2), pow(x, 3)); }

int main() {
  for (const double start : {2.0, -2.0}) {
    const Tensor x = tensor(start, {.requires_grad = true});
    const Tensor y = with_if(x);
    y.backward();
    fmt::print("{} {}\n", y, x.grad());
  }

  fmt::print("compiled, by where:\n");
  const auto compiled = jit(value_and_grad(with_where));
  for (const double start : {2.0, -2.0}) {
    const auto [y, gradient] = compiled(tensor(start));
    fmt::print("{} {}\n", y, gradient);
  }

  fmt::print("compiled, by if:\n");
  try {
    (void)jit(with_if)(tensor(2.0));
  } catch (const GraphError& error) {
    fmt::print("{}\n", error.what());
  }
}
