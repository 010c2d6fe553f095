// Random programs of tensors as data: views of views into elementwise functions, reductions, gathers and composites,
// differentiated once or twice. A statement looks at the shapes it finds, so whatever is left out, a program remains.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "ir/graph/type.h"

namespace sinter::tests {

constexpr int kTensorPlaces = 6;
constexpr int kDifferentiated = 2;  // the first inputs, floats

struct TensorStatement {
  size_t row = 0;  // of tensor_rows()
  int to = 0, a = 0, b = 0;
  std::array<int64_t, 4> numbers{};  // from which axes, sizes and positions are made
};

struct TensorInput {
  ir::Type type;
  uint64_t layout = 0;  // as in tests/literal_tensors.h
};

struct TensorProgram {
  uint64_t seed = 0;                // of the inputs' elements
  std::vector<TensorInput> inputs;  // one a place
  std::vector<TensorStatement> statements;
  int order = 1;  // of derivatives: 0, 1 or 2
};

[[nodiscard]] TensorProgram random_tensor_program(uint64_t seed);
[[nodiscard]] std::vector<TensorProgram> smaller(const TensorProgram& program);

// The value of each place, the loss and the derivatives, or the words of an error.
struct TensorResults {
  std::vector<ir::Literal> values;
  std::string error;
  size_t at = 0;     // the statement of the error
  std::string text;  // the program as C++, nearly
};
[[nodiscard]] TensorResults run(const TensorProgram& program, bool jitted);

}  // namespace sinter::tests
