// The reference interpreter behind the driver's interfaces: SINTER_ISA=reference runs both engines on it. Slow; the
// bits are those of compiled code. For debugging, and for tests that must not depend on code generation.
#pragma once

#include "driver/compile.h"

namespace sinter::driver {

[[nodiscard]] std::shared_ptr<const Executable> reference_executable(const ir::Graph& graph);
[[nodiscard]] std::shared_ptr<const DynamicKernel> reference_kernel(const ir::Graph& graph,
                                                                    std::span<const Operand> operands,
                                                                    std::span<const Operand> results);

}  // namespace sinter::driver
