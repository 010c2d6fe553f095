// compile() and compile_dynamic() for CUDA devices.
#pragma once

#include "driver/compile.h"
#include "passes/lower/lower.h"

namespace sinter::driver {

[[nodiscard]] std::shared_ptr<const Executable> cuda_executable(const ir::Graph& graph, const CompileOptions& options);

// `lowered`: the operation's one kernel; operands and results as compile_dynamic has them.
[[nodiscard]] std::shared_ptr<const DynamicKernel> cuda_dynamic_kernel(const ir::Graph& graph,
                                                                       passes::LoweredKernel lowered, int symbols,
                                                                       std::span<const Operand> operands,
                                                                       std::span<const Operand> results, Device device);

}  // namespace sinter::driver
