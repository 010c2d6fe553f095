// SINTER_DEBUG: a function that would be traced to something else now than what was compiled.
#pragma once

#include <string>

#include "frontend/jit_entry.h"

namespace sinter::detail {

// The first thing in which a second trace of the same call differs from a compiled one, with the user's line: a C++
// number, a captured tensor, a cell, an operation. "" if both are the same. Waits for the device of captured tensors.
[[nodiscard]] std::string first_difference(const JitEntry& compiled, const JitEntry& now);

}  // namespace sinter::detail
