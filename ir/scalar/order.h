// The size of order R's blocks, in which every reduction of rounding combiners is folded (docs/numerics.md).
#pragma once

#include <cstdint>

namespace sinter::ir {

inline constexpr int64_t kOrderBlock = 4096;  // elements

}  // namespace sinter::ir
