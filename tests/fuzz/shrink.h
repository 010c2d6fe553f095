// Greedy delta debugging.
#pragma once

#include <functional>
#include <vector>

namespace sinter::tests {

// The first of the smaller ones that fails takes the place of what failed before, as long as there is one.
template <class Program>
[[nodiscard]] Program shrink(Program program, const std::function<std::vector<Program>(const Program&)>& smaller,
                             const std::function<bool(const Program&)>& fails) {
  for (bool progress = true; progress;) {
    progress = false;
    for (Program& candidate : smaller(program)) {
      if (!fails(candidate)) continue;
      program = std::move(candidate);
      progress = true;
      break;
    }
  }
  return program;
}

}  // namespace sinter::tests
