// Scheduled kernels -> CUDA C++ text. What the text may consist of: README.md here.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "codegen/cuda/prims.h"
#include "ir/loops/kernel.h"
#include "runtime/cuda/code.h"

namespace sinter::codegen::cuda {

// One kernel: its __global__ functions, the functions they call, and how they are launched.
struct KernelSource {
  Helpers helpers;
  std::string text;
  std::vector<runtime::CudaEntry> entries;
  std::vector<runtime::KernelCode::Factor> scratch;
};

struct EmitOptions {
  bool flush = true;      // denormals are zero
  bool locations = true;  // the user's lines as comments
};

// `symbol`: name of the first entry; further ones add a number. The kernel is scheduled for CUDA
// (passes/schedule/cuda.h).
[[nodiscard]] KernelSource write_kernel(const loops::Kernel& kernel, const std::string& symbol,
                                        const EmitOptions& options);

// What NVRTC compiles: the helpers of all, each once, and the kernels.
[[nodiscard]] std::string program_text(std::span<const KernelSource> kernels);

}  // namespace sinter::codegen::cuda
