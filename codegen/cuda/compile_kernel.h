// Scheduled kernels -> cubins through NVRTC. Thread safe.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "codegen/cuda/nvrtc.h"
#include "codegen/object_store.h"
#include "ir/loops/kernel.h"
#include "runtime/cuda/code.h"

namespace sinter::codegen::cuda {

// Compiles kernels that passes::schedule_cuda has scheduled, for one architecture (90 for sm_90): several in a program,
// programs in parallel; or finds their cubins in `store` (may be null). Equal kernels share code. RuntimeError as
// compile_program says. Denormals as SINTER_FTZ says.
[[nodiscard]] std::vector<std::shared_ptr<const runtime::CudaCode>> compile_kernels(
    std::span<const loops::Kernel> kernels, int architecture, ObjectStore* store);

// The kernels as one program, with the user's lines as comments.
[[nodiscard]] std::string print_cuda(std::span<const loops::Kernel> kernels);

// For `sinter opt` and tests: compiles without a store, several in a program, and says what the assembler says.
struct Report {
  std::vector<ResourceUsage> usage;  // one an entry
  std::string warnings;              // empty: none
};
[[nodiscard]] Report report_kernels(std::span<const loops::Kernel> kernels, int architecture);

}  // namespace sinter::codegen::cuda
