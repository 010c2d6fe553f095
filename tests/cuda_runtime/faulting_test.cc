// Kernels that fault on the device, on any driver: what the host's next wait says. Each in a process of its own, since
// the device is lost with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "sinter/sinter.h"
#include "tests/cuda_runtime/quiet.h"
#include "tests/cuda_sim/fake/fake_cuda.h"

namespace sinter {
namespace {

using testing::AllOf;
using testing::ExitedWithCode;
using testing::HasSubstr;
using testing::Not;

// A tensor whose elements lie where the device has no memory.
Tensor nowhere() {
  Tensor x = ones({1000}, {.device = "cuda"});
  cuda::synchronize();
  x.impl()->offset = int64_t{1} << 36;
  return x;
}

constexpr int kGoodLine = __LINE__ + 1;
Tensor good() { return rand({100}, {.device = "cuda"}) + 1.0; }

constexpr int kExpLine = __LINE__ + 1;
Tensor exp_at(const Tensor& x) { return exp(x); }

constexpr int kSumLine = __LINE__ + 1;
Tensor sum_at(const Tensor& x) { return sum(x); }

// Ends the process with the error's text on stderr, if there is one.
void end_with_error_of(void (*act)(), int debug) {
  Options options = without_checks();
  options.debug = debug;
  const OptionScope scope(options);
  try {
    act();
  } catch (const RuntimeError& error) {
    fmt::print(stderr, "\nERROR {}\n", error.what());
    std::exit(3);
  }
  std::exit(0);
}

std::string line(int number) { return fmt::format("tests/cuda_runtime/faulting_test.cc:{}", number); }

void run_operations() {
  const Tensor other = good();
  (void)sum_at(exp_at(nowhere())).item();
}

void run_program() {
  const auto step = jit([](const Tensor& x, const Tensor& y) { return sum_at(exp_at(x)) + sum_at(y); });
  (void)step(nowhere(), good()).item();
}

class CudaFaultingDeathTest : public testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(CudaFaultingDeathTest, AnOperationIsNamedWithItsLine) {
  // What had ended before the host last waited is not suspected. A real device may say it before the sum is launched.
  const std::string sum = cuda_sim::FakeDriver().there() ? "\n  in reduce_sum_reduce_sum at " + line(kSumLine) : "";
  EXPECT_EXIT(end_with_error_of(run_operations, 0), ExitedWithCode(3),
              AllOf(HasSubstr("CUDA_ERROR_ILLEGAL_ADDRESS (700)"), HasSubstr("\n  in exp at " + line(kExpLine)),
                    HasSubstr(sum), Not(HasSubstr(line(kGoodLine)))));
}

TEST_F(CudaFaultingDeathTest, DebuggingNamesTheOneOperation) {
  EXPECT_EXIT(end_with_error_of(run_operations, 4), ExitedWithCode(3),
              AllOf(HasSubstr("CUDA_ERROR_ILLEGAL_ADDRESS (700)"), HasSubstr("\n  in exp at " + line(kExpLine)),
                    Not(HasSubstr("\n  in reduce_sum"))));
}

TEST_F(CudaFaultingDeathTest, AProgramNamesItsKernelsWithTheirLines) {
  EXPECT_EXIT(
      end_with_error_of(run_program, 0), ExitedWithCode(3),
      AllOf(HasSubstr("CUDA_ERROR_ILLEGAL_ADDRESS (700)"), HasSubstr(line(kExpLine)), HasSubstr(line(kSumLine))));
}

TEST_F(CudaFaultingDeathTest, DebuggingNamesTheOneKernelOfAProgram) {
  EXPECT_EXIT(end_with_error_of(run_program, 4), ExitedWithCode(3),
              AllOf(HasSubstr("CUDA_ERROR_ILLEGAL_ADDRESS (700)"), HasSubstr(line(kExpLine)),
                    Not(HasSubstr("made by one of the kernels"))));
}

}  // namespace
}  // namespace sinter
