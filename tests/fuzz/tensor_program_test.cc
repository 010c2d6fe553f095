// Random programs of views and what reads them, with their derivatives: both engines give the same bits and the same
// errors. FUZZ_SEEDS=FIRST:COUNT runs other seeds (docs/building.md).
#include "tests/fuzz/tensor_program.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/fuzz/seeds.h"
#include "tests/fuzz/shrink.h"
#include "tests/random_literal.h"

namespace sinter::tests {
namespace {

std::optional<std::string> difference(const TensorProgram& program) {
  set_stage("dynamic");
  const TensorResults dynamic = run(program, false);
  set_stage("jit\n" + dynamic.text);
  const TensorResults jitted = run(program, true);
  if (dynamic.error != jitted.error) return fmt::format("error '{}', expected '{}'", jitted.error, dynamic.error);
  for (size_t i = 0; i < dynamic.values.size(); ++i)
    if (!same_bits(dynamic.values[i], jitted.values[i])) return fmt::format("value {} differs", i);
  return std::nullopt;
}

std::string to_string(const TensorProgram& program) {
  std::string text;
  for (size_t i = 0; i < program.inputs.size(); ++i)
    text += fmt::format("  p{} is {}{}\n", i, ir::to_string(program.inputs[i].type),
                        program.inputs[i].layout != 0 ? ", strided" : "");
  return text + run(program, false).text + fmt::format("  differentiated {} times\n", program.order);
}

TEST(TensorPrograms, BothEnginesGiveTheSameBits) {
  for_each_seed(seeds(300), [](uint64_t seed) -> std::optional<std::string> {
    TensorProgram program = random_tensor_program(seed);
    // Without the statements that are errors, one after the other.
    for (;;) {
      if (difference(program)) {
        const TensorProgram small = shrink<TensorProgram>(
            program, smaller, [](const TensorProgram& candidate) { return difference(candidate).has_value(); });
        return to_string(small) + difference(small).value_or("(not again)");
      }
      const TensorResults results = run(program, false);
      if (results.error.empty()) return std::nullopt;
      if (program.statements.empty()) return results.error;
      program.statements.erase(program.statements.begin() + static_cast<ptrdiff_t>(results.at));
    }
  });
}

}  // namespace
}  // namespace sinter::tests
