// How a kernel's work is cut into units, how much scratch a worker needs and what a unit costs: from the kernel and
// instruction set alone, so that it need not be stored with the object.
#pragma once

#include <vector>

#include "codegen/cpu/compile_kernel.h"

namespace sinter::codegen::cpu {

struct Units {
  std::vector<runtime::KernelCode::Factor> factors;  // the last changes fastest
  std::vector<uint32_t> ranges;                      // the outer range each factor cuts
  bool lanes = false;                                // over the last factor's range
  unsigned copies = 1;                               // vectors of it in flight
};

// For kernels other than register-tiled dots.
[[nodiscard]] Units map_units(const loops::Kernel& kernel);

// Nanoseconds for one unit on one thread, roughly: to decide what is worth several threads.
[[nodiscard]] double map_cost(const loops::Kernel& kernel, const Units& units);

}  // namespace sinter::codegen::cpu
