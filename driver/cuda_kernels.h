// Kernels for a CUDA device: scheduled kernels to loaded code through the caches, and what its index checks say.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "driver/compile.h"
#include "ir/loops/kernel.h"
#include "passes/lower/lower.h"
#include "runtime/cuda/gpu.h"
#include "runtime/cuda/kernel.h"

namespace sinter::driver {

using LoadedKernels = std::vector<std::shared_ptr<const runtime::cuda::LoadedKernel>>;

// Each kernel's code, loaded: from the process's cache, the disk's, or NVRTC; counted in stats. Code from the disk that
// the driver refuses is compiled again.
[[nodiscard]] LoadedKernels load_cuda_kernels(runtime::cuda::Gpu& gpu, std::span<const loops::Kernel> kernels,
                                              CompileStats& stats);

// A launch that checks indices, as its failure is told.
struct CheckingLaunch {
  std::string kernel;
  std::vector<passes::Check> checks;  // one a kCheckIndex, in order
  int64_t first = 0;                  // CudaProgram::first_checks
};
// IndexError for the launch that made this status.
[[noreturn]] void throw_index_error(std::span<const CheckingLaunch> launches, const runtime::KernelStatus& status);

}  // namespace sinter::driver
