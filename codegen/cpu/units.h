// How a kernel's work is cut into units: from the kernel alone, so that it need not be stored with the object.
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

}  // namespace sinter::codegen::cpu
