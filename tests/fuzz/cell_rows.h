// What a statement of a cell program can be: one row each, its text beside what it does.
#pragma once

#include <array>
#include <memory>
#include <span>

#include "sinter/sinter.h"
#include "tests/fuzz/cell_program.h"

namespace sinter::tests {

// What a running program works on. Copies share cells and optimisers, and have temporaries of their own.
struct CellMachine {
  std::array<Tensor, kPlaces> places;
  std::array<Tensor, kLosses> losses;
  std::array<Tensor, kArguments> arguments;  // as they were given
  std::shared_ptr<optim::SGD> sgd;
  std::shared_ptr<optim::Adam> adam;

  [[nodiscard]] Tensor& operator[](int place) { return places[static_cast<size_t>(place)]; }
  [[nodiscard]] Tensor& loss(const Statement& statement) { return losses[static_cast<size_t>(statement.loss)]; }
  void run(std::span<const Statement> statements);
};

enum class Has : uint8_t { kNoBody, kBlock, kFunction };

struct CellRow {
  const char* text;  // {to}, {a}, {b}, {l}: places; {o}: options of backward; {body}
  int weight;        // how often it is drawn
  void (*run)(CellMachine& m, const Statement& s);
  Has has = Has::kNoBody;
  const char* only_jit = nullptr;  // words of the error that only a jitted function has here, and of its cure
};
[[nodiscard]] std::span<const CellRow> cell_rows();
// The row that starts with this text.
[[nodiscard]] size_t cell_row(std::string_view text);

}  // namespace sinter::tests
