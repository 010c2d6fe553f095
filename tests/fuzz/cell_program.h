// Random programs of cells and gradients as data: a list of statements over a few places, each of which any statement
// may read. So whatever is left out, what remains is a program.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sinter::tests {

// Places: cells first, the call's arguments, then temporaries, which hold an argument at first.
constexpr int kCells = 3;      // two parameters and a variable
constexpr int kArguments = 2;  // the second may be a leaf, too
constexpr int kTemporaries = 5;
constexpr int kFirstTemporary = kCells + kArguments;
constexpr int kPlaces = kFirstTemporary + kTemporaries;
constexpr int kLosses = 2;

struct Statement {
  size_t row = 0;            // of cell_rows()
  int to = kFirstTemporary;  // a temporary
  int a = 0, b = 0;          // places
  int loss = 0;
  bool retain = false, create = false;
  std::vector<Statement> body;  // of a block or a function
};

struct CellProgram {
  uint64_t seed = 0;  // of values and random numbers
  int64_t n = 2;      // tensors are [n, n]
  bool doubles = false, leaf_argument = false;
  bool keep_grads = true;  // of jitted functions
  int calls = 2;
  std::vector<Statement> statements;
};

[[nodiscard]] CellProgram random_cell_program(uint64_t seed);

// As C++, nearly.
[[nodiscard]] std::string to_string(const CellProgram& program);

// All programs one step smaller, the larger steps first: statements left out or freed from their block.
[[nodiscard]] std::vector<CellProgram> smaller(const CellProgram& program);

}  // namespace sinter::tests
