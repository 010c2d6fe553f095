// What verify can see of a kernel's memory accesses before it runs. The kernel has passed every other check.
#pragma once

#include <optional>
#include <string>

#include "ir/loops/kernel.h"

namespace sinter::loops {

// What is wrong with a load, store or accumulation in that pass, if that is certain: it leaves its buffer, or two
// points store to one element.
[[nodiscard]] std::optional<std::string> memory_problem(const Kernel& kernel, const Pass& pass, const Inst& inst);

}  // namespace sinter::loops
