// What kReduce, kArgmax and kDot keep while a pass runs, for a block of outer points at once. Order R as
// docs/numerics.md has it.
#pragma once

#include <memory>
#include <span>

#include "ir/loops/kernel.h"

namespace sinter::loops {

// Elements of one operand or result, dtype known from elsewhere.
using Bytes = std::byte*;
using ConstBytes = const std::byte*;

class Reduction {
 public:
  virtual ~Reduction() = default;
  // The next `count` inner points of outer points [point, point + points): operand arrays hold points * count elements,
  // the inner index fastest. `first` is the inner index of the first; it is a multiple of kStep. Several points only
  // when the whole inner range is given.
  virtual void add(size_t point, size_t points, int64_t first, size_t count, std::span<const ConstBytes> operands) = 0;
  // Results of points [0, points), after the last inner point.
  virtual void finish(size_t points, Bytes results) = 0;

  // Inner points are given in runs of this length (the last may be short).
  static constexpr size_t kStep = 256;
};

// For `points` outer points whose pass has `inner` points; operand: the dtype of operand 0.
[[nodiscard]] std::unique_ptr<Reduction> make_reduction(const Inst& inst, DType operand, size_t points, int64_t inner);

}  // namespace sinter::loops
