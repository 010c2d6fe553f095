// Random kernels under random schedules, compiled and interpreted. FUZZ_SEEDS=FIRST:COUNT runs other seeds
// (docs/building.md).
#include <gtest/gtest.h>

#include "ir/loops/text.h"
#include "tests/codegen/check_kernel.h"
#include "tests/fuzz/seeds.h"
#include "tests/loops/random_kernel.h"

namespace sinter::codegen::cpu {
namespace {

TEST(Random, KernelsGiveTheInterpretersBits) {
  tests::for_each_seed(tests::seeds(60), [](uint64_t seed) -> std::optional<std::string> {
    const loops::RandomKernel random = loops::random_kernel(seed);
    tests::set_stage("a kernel\n" + loops::print(random.kernel));
    check_kernel(random.kernel, random.buffers, {.symbols = random.symbols, .seed = seed});
    return testing::Test::HasFailure() ? std::optional("as above") : std::nullopt;
  });
}

}  // namespace
}  // namespace sinter::codegen::cpu
