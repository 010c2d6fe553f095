// Kernel IR text: print and parse round-trip exactly.
//
//   kernel @softmax(%x: f32[4000] in, %y: f32[4000] out) symbols(0) schedule(vector = inner) {
//     for i0 < 4 {
//       pass j1 < 1000 {
//         %0 = load %x[1000*i0 + j1]
//         %1 = reduce max %0
//       }
//       ...
//         store %y[1000*i0 + j1], %5
//   }
#pragma once

#include <string>
#include <string_view>

#include "ir/loops/kernel.h"

namespace sinter::loops {

// Without locations when they are not asked for: then equal kernels print equally, which makes the text a cache key.
[[nodiscard]] std::string print(const Kernel& kernel, bool locations = false);

// ParseError with line and column; never crashes. One or more kernels.
[[nodiscard]] std::vector<Kernel> parse(std::string_view text, std::string_view file_name = "<text>");

// Throws InternalError naming the instruction unless every invariant of kernel.h holds: value visibility between passes, dtypes,
// ranges and symbols in range, constant addresses inside their buffers, stores of distinct outer points disjoint where that can be seen.
void verify(const Kernel& kernel);

}  // namespace sinter::loops
