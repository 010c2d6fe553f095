// A fault that the fake driver injects: what it says of the kernels launched before. (faulting_test.cc: kernels that do
// fault.)
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/cuda/gpu.h"
#include "runtime/cuda/launch_log.h"
#include "runtime/device_memory.h"
#include "support/error.h"
#include "tests/cuda_sim/fake/fake_cuda.h"

namespace sinter::runtime::cuda {
namespace {

std::string synchronizing_says() {
  try {
    synchronize(Device("cuda"));
  } catch (const RuntimeError& error) {
    return error.what();
  }
  return "fine";
}

TEST(CudaFault, NamesTheKernelsThatMayHaveMadeIt) {
  const cuda_sim::FakeDriver fake;
  (void)Gpu::open(Device("cuda"));
  EXPECT_EQ(synchronizing_says(), "fine");
  log_launch(std::make_shared<const std::string>("add_mul"), Location{"train.cc", 7});
  log_launch(std::make_shared<const std::string>("softmax"), Location{"train.cc", 9});
  fake.configure("record,fail=cuStreamSynchronize=700");
  const std::string text = synchronizing_says();
  EXPECT_THAT(text, testing::HasSubstr("cuStreamSynchronize: CUDA_ERROR_ILLEGAL_ADDRESS (700)"));
  EXPECT_THAT(text, testing::HasSubstr("\n  in add_mul at train.cc:7\n  in softmax at train.cc:9"));
  EXPECT_THAT(text, testing::HasSubstr("SINTER_DEBUG=4"));
}

}  // namespace
}  // namespace sinter::runtime::cuda
