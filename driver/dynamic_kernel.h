// A lowered kernel of the dynamic engine made ready to be launched, on either device.
#pragma once

#include <memory>
#include <optional>

#include "driver/compile.h"
#include "driver/dynamic_sources.h"
#include "passes/lower/lower.h"

namespace sinter::driver {

// memory: of the operands and results, where SINTER_CHECK may look at the kernel's work (on the CPU also without, then
// results are row-major).
[[nodiscard]] std::shared_ptr<const DynamicKernel> dynamic_kernel(DynamicArguments arguments,
                                                                  passes::LoweredKernel lowered,
                                                                  std::optional<StridedMemory> memory, Device device);

// A kernel's index check as the call in progress tells of it: its line, and its scope unless the check has one.
[[nodiscard]] passes::Check check_of_call(passes::Check check);

}  // namespace sinter::driver
