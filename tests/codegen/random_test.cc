// Random kernels under random schedules, compiled and interpreted.
#include <gtest/gtest.h>

#include "tests/codegen/check_kernel.h"
#include "tests/loops/random_kernel.h"

namespace sinter::codegen::cpu {
namespace {

// A failing seed is in the trace.
class Random : public testing::TestWithParam<uint64_t> {};

TEST_P(Random, KernelsGiveTheInterpretersBits) {
  constexpr uint64_t kSeeds = 6;
  for (uint64_t seed = kSeeds * GetParam(); seed < kSeeds * (GetParam() + 1) && !HasFailure(); ++seed) {
    const loops::RandomKernel random = loops::random_kernel(seed);
    check_kernel(random.kernel, random.buffers, {.symbols = random.symbols, .seed = seed});
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Random, testing::Range(uint64_t{0}, uint64_t{10}));

}  // namespace
}  // namespace sinter::codegen::cpu
