// What a statement of a tensor program can be: one row each.
#pragma once

#include <fmt/format.h>

#include <span>
#include <string>

#include "sinter/sinter.h"
#include "tests/fuzz/tensor_program.h"

namespace sinter::tests {

// What a running program works on.
struct TensorMachine {
  std::array<Tensor, kTensorPlaces> places;
  std::string text;  // what was done

  [[nodiscard]] const Tensor& operator[](int place) const { return places[static_cast<size_t>(place)]; }
  // Puts x, made by the call `words`, in its place; not if it is large, so that programs stay quick.
  void put(const TensorStatement& statement, const Tensor& x, const std::string& words);
};

struct TensorRow {
  int weight;  // how often it is drawn
  void (*run)(TensorMachine& m, const TensorStatement& s);
};
[[nodiscard]] std::span<const TensorRow> tensor_rows();

}  // namespace sinter::tests
