// Generated kernels through NVRTC and the driver, on device cuda:0, as the runtime launches them: a real device, or
// the fake libraries of tests/cuda_sim/fake.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "codegen/cuda/kernel_source.h"
#include "runtime/cuda/gpu.h"
#include "tests/cuda_sim/run_code.h"
#include "tests/loops/contents.h"

namespace sinter::codegen::cuda {

// Whether tests that need no simulator run on the driver's device: where the environment has SINTER_TEST_ON=device.
[[nodiscard]] bool tests_run_on_device();

// The kernels of one program, compiled for the device and loaded.
class OnDevice {
 public:
  OnDevice(std::span<const KernelSource> sources, bool flush_denormals);

  // One run of a kernel: buffers hold `contents`, and then what the kernel made of them. Each lies between guards of
  // which not a byte may change (InternalError), `offset` bytes away from an address divisible by 256. Threads run as
  // the device likes: options.order says nothing here.
  runtime::KernelStatus run(const KernelSource& source, loops::Contents& contents, std::span<const int64_t> symbols,
                            const cuda_sim::RunOptions& options, std::span<const size_t> offsets);

 private:
  runtime::cuda::Gpu& gpu_;
  std::shared_ptr<const std::vector<char>> image_;
};

}  // namespace sinter::codegen::cuda
