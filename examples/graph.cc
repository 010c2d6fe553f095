// z = (x + y) * w: its gradients, and its graph as a picture (graph.dot; graph.png where Graphviz is installed).
#include <fmt/core.h>

#include <cstdlib>
#include <fstream>

#include "sinter/sinter.h"

using namespace sinter;

int main() {
  const Tensor x = tensor(1.0, {.requires_grad = true}).set_name("x");
  const Tensor y = tensor(2.0, {.requires_grad = true}).set_name("y");
  const Tensor w = tensor(3.0, {.requires_grad = true}).set_name("w");
  const Tensor z = (x + y) * w;
  z.backward();
  fmt::print("{} {} {} {}\n", z, x.grad(), y.grad(), w.grad());

  std::ofstream("graph.dot") << to_dot(z);
  if (std::system("dot -Tpng graph.dot -o graph.png 2>/dev/null") == 0)  // NOLINT: a fixed command
    fmt::print("wrote graph.dot and graph.png\n");
  else
    fmt::print("wrote graph.dot; install Graphviz (the package graphviz) and it becomes graph.png, too\n");

  // The same function as a static graph, the derivatives a part of it.
  const auto f = [](const Tensor& a, const Tensor& b, const Tensor& c) { return (a + b) * c; };
  const auto compiled = jit(value_and_grad(f));
  const auto [value, gradients] = compiled(tensor(1.0), tensor(2.0), tensor(3.0));
  fmt::print("{} {} {} {}\n", value, gradients[0], gradients[1], gradients[2]);
  fmt::print("{}", compiled.graphs().front());
}
