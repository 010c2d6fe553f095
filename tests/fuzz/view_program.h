// Random programs of views and matrix products as data: a list of statements over a few places, each of which any
// statement may read, whatever its shape. So whatever is left out, what remains is a program.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "frontend/tensor.h"

namespace sinter::tests {

struct ViewStatement {
  size_t row = 0;        // of view_rows()
  int to = 0;            // a temporary
  int a = 0, b = 0;      // places: the two arguments, then the temporaries
  uint64_t choices = 0;  // what the row draws axes, sizes and steps from
};

struct ViewProgram {
  static constexpr int kArguments = 2, kTemporaries = 3;
  DType dtype = kFloat32;
  Sizes shapes[kArguments];
  std::vector<ViewStatement> statements;
};

[[nodiscard]] ViewProgram random_view_program(uint64_t seed);

// One line a statement, with the shapes of what it reads and makes.
[[nodiscard]] std::string to_string(const ViewProgram& program);

// The temporaries, the sum of their squares, and its gradients with respect to the arguments (of no dimensions where
// nothing flows): by whichever engine the arguments belong to.
[[nodiscard]] std::vector<Tensor> run(const ViewProgram& program, const Tensor& x, const Tensor& y);

// With one statement left out, in every way.
[[nodiscard]] std::vector<ViewProgram> smaller(const ViewProgram& program);

}  // namespace sinter::tests
