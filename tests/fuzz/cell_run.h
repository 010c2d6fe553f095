// Runs cell programs: dynamically, as one jitted function, or cut into several.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ir/graph/graph.h"
#include "tests/fuzz/cell_program.h"

namespace sinter::tests {

enum class CellWay : uint8_t { kDynamic, kJit, kCutJit };
[[nodiscard]] const char* to_string(CellWay way);

// What a run has shown: after each call every temporary and loss, each cell's value and gradient, what optimisers
// remember. It ends at the first error.
struct CellRecord {
  struct Shown {
    std::string name;
    std::optional<ir::Literal> value;  // null: undefined
    bool kept = true;                  // else a gradient that a jitted function has not kept
  };
  std::vector<Shown> values;
  std::string error;      // class and words; empty: none
  size_t at = 0;          // the outermost statement that was being run
  bool only_jit = false;  // the error is one that jit may have where the dynamic engine has none, and names its cure
};
[[nodiscard]] CellRecord run(const CellProgram& program, CellWay way);

// The first difference, if there is one; an error that only jit may have is none.
[[nodiscard]] std::optional<std::string> difference(const CellRecord& dynamic, const CellRecord& jitted);

}  // namespace sinter::tests
