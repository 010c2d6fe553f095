// A machine without NVIDIA's driver.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/cuda/driver.h"
#include "runtime/cuda/gpu.h"
#include "support/error.h"

namespace sinter::runtime::cuda {
namespace {

TEST(NoDriver, IsAStateAndAnErrorWithACureButNeverAPrint) {
  testing::internal::CaptureStderr();
  const DriverState& state = driver_state();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  if (state.problem.empty()) GTEST_SKIP() << "this machine has a driver";
  EXPECT_EQ(state.devices, 0);
  try {
    (void)Gpu::open(Device("cuda"));
    FAIL() << "opened a device";
  } catch (const RuntimeError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("CUDA: "));
    EXPECT_THAT(error.what(), testing::HasSubstr("use device cpu"));
  }
  settle_operations(Device("cuda"));  // nothing to wait for
}

}  // namespace
}  // namespace sinter::runtime::cuda
