// What the derivative of an operation reads: the tape saves that and no more.
#pragma once

#include <functional>

#include "ir/graph/op_def.h"

namespace sinter::detail {

inline constexpr size_t kMostTrackedOperands = 31;  // an operation with more saves all
inline constexpr uint32_t kNeedsResult = 1u << 31;

// Which operands (bit i) and whether the result (kNeedsResult) the derivative reads, given which operands need one (bit
// i of `flows`). Learned by running the rule once without data, for each operation and `flows`; only then type_of(i) is
// asked: the type of operand i, and with i = operands that of the result.
[[nodiscard]] uint32_t derivative_needs(const ir::OpDef& def, const ir::Attributes& attributes, size_t operands,
                                        uint32_t flows, const std::function<ir::Type(size_t)>& type_of);

}  // namespace sinter::detail
