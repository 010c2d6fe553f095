// compile() and compile_dynamic() for CUDA devices.
#pragma once

#include <optional>

#include "driver/compile.h"
#include "driver/dynamic_sources.h"
#include "passes/lower/lower.h"

namespace sinter::driver {

[[nodiscard]] std::shared_ptr<const Executable> cuda_executable(const ir::Graph& graph, const CompileOptions& options);

// dynamic_kernel() for a CUDA device. Without `memory`, SINTER_CHECK does not look at the kernel.
[[nodiscard]] std::shared_ptr<const DynamicKernel> cuda_dynamic_kernel(DynamicArguments arguments,
                                                                       passes::LoweredKernel lowered,
                                                                       std::optional<StridedMemory> memory,
                                                                       Device device);

}  // namespace sinter::driver
