// Random programs of cells and gradients: jit gives the dynamic engine's bits and the dynamic engine's errors, whole
// and cut into several functions. FUZZ_SEEDS=FIRST:COUNT runs other seeds (docs/building.md).
#include "tests/fuzz/cell_program.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/fuzz/cell_rows.h"
#include "tests/fuzz/cell_run.h"
#include "tests/fuzz/seeds.h"
#include "tests/fuzz/shrink.h"

namespace sinter::tests {
namespace {

CellRecord run_as(const CellProgram& program, CellWay way) {
  set_stage(fmt::format("{}\n{}", to_string(way), to_string(program)));
  return run(program, way);
}

std::optional<std::string> difference(const CellProgram& program, CellWay way) {
  return difference(run_as(program, CellWay::kDynamic), run_as(program, way));
}

// A program that ends with an error is tried again without the statement that has it, so that the rest is seen, too.
std::optional<std::string> fuzz(CellProgram program) {
  for (;;) {
    const CellRecord dynamic = run_as(program, CellWay::kDynamic);
    CellRecord last;
    for (CellWay way : {CellWay::kJit, CellWay::kCutJit}) {
      last = run_as(program, way);
      if (!difference(dynamic, last)) continue;
      const CellProgram small = shrink<CellProgram>(
          program, smaller, [&](const CellProgram& candidate) { return difference(candidate, way).has_value(); });
      return fmt::format("{}\n{}{}", to_string(way), to_string(small), difference(small, way).value_or("(not again)"));
    }
    if (last.error.empty()) return std::nullopt;
    program.statements.erase(program.statements.begin() +
                             static_cast<ptrdiff_t>(dynamic.error.empty() ? last.at : dynamic.at));
  }
}

TEST(CellPrograms, JitIsTheDynamicEngine) {
  for_each_seed(seeds(300), [](uint64_t seed) { return fuzz(random_cell_program(seed)); });
}

}  // namespace
}  // namespace sinter::tests
