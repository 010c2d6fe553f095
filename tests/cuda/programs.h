// The programs whose kernels the CUDA tests compile.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ir/loops/kernel.h"

namespace sinter::codegen::cuda {

struct ProgramKernels {
  std::string name;
  std::vector<loops::Kernel> kernels;  // scheduled for CUDA
};
// The MNIST step, linear regression, softmax + cross entropy and layer norm forward and backward.
[[nodiscard]] std::vector<ProgramKernels> training_programs();
// Kernels with run-time extents and strides, as the dynamic engine has them.
[[nodiscard]] ProgramKernels dynamic_kernels();
[[nodiscard]] ProgramKernels random_graph_kernels(uint64_t first_seed, uint64_t count);

}  // namespace sinter::codegen::cuda
