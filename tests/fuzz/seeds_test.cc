// A fuzzer never dies without its seed.
#include "tests/fuzz/seeds.h"

#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <thread>

namespace sinter::tests {
namespace {

using testing::EndsWith;

void die_on_a_worker(int signal) {
  for_each_seed({41, 3}, [&](uint64_t seed) {
    set_stage("compiled, 2 workers");
    if (seed == 42) std::thread([&] { raise(signal); }).join();
    return std::nullopt;
  });
}

TEST(SeedsDeathTest, ASignalOnAWorkerNamesSeedAndStage) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  for (int signal : {SIGSEGV, SIGFPE, SIGILL, SIGBUS, SIGABRT, SIGALRM, SIGTERM})
    EXPECT_EXIT(die_on_a_worker(signal), testing::KilledBySignal(signal),
                "the process ends at seed 42, compiled, 2 workers");
}

// Until the stack ends.
int endless(const volatile char* above) {
  volatile char frame[4096];
  frame[0] = *above;
  return frame[0] == 1 ? 0 : frame[0] + endless(frame);
}

TEST(SeedsDeathTest, ARealFaultToo) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  volatile int* nowhere = nullptr;
  const auto write_nowhere = [&](uint64_t) {
    std::thread([&] { *nowhere = 1; }).join();
    return std::optional<std::string>();
  };
  EXPECT_DEATH(for_each_seed({7, 1}, write_nowhere), "at seed 7");
  const auto recurse = [](uint64_t) { return std::optional(std::to_string(endless(""))); };
  EXPECT_DEATH(for_each_seed({8, 1}, recurse), "at seed 8");
}

TEST(Seeds, FiveThatFailAreEnough) {
  testing::TestPartResultArray failures;
  {
    const testing::ScopedFakeTestPartResultReporter quiet(
        testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &failures);
    for_each_seed({1, 100}, [](uint64_t seed) -> std::optional<std::string> {
      if (seed % 10 == 1) return "one more than tens";
      if (seed % 10 == 5) throw std::runtime_error("a half");
      return std::nullopt;
    });
  }
  ASSERT_EQ(failures.size(), 5);
  EXPECT_THAT(failures.GetTestPartResult(0).message(), EndsWith("seed 1: one more than tens"));
  EXPECT_THAT(failures.GetTestPartResult(3).message(), EndsWith("seed 15: a half"));
  EXPECT_THAT(failures.GetTestPartResult(4).message(), EndsWith("seed 21: one more than tens"));
}

TEST(Seeds, AreThoseAskedFor) {
  EXPECT_EQ(seeds(300).count, 300u);
  setenv("FUZZ_SEEDS", "1000:5", 1);
  EXPECT_EQ(seeds(300).first, 1000u);
  EXPECT_EQ(seeds(300).count, 5u);
  unsetenv("FUZZ_SEEDS");
}

}  // namespace
}  // namespace sinter::tests
