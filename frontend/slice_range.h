// Which positions of an axis slice and select mean.
#pragma once

#include <algorithm>
#include <cstdint>

#include "frontend/tensor.h"
#include "support/error.h"

namespace sinter::detail {

struct SliceRange {
  int64_t from, to, step;
  [[nodiscard]] int64_t count() const { return to == from ? 0 : (to - from - 1) / step + 1; }
};

// As in Python: negative positions count from the end, those outside are cut off. ValueError unless the step is 1 or
// more.
[[nodiscard]] inline SliceRange slice_range(int64_t size, int64_t start, int64_t stop, int64_t step, const char* name,
                                            int position) {
  if (step < 1)
    throw ValueError(fmt::format("{}: argument {}, the step, is {}, expected 1 or more", name, position, step));
  const auto place = [&](int64_t given) { return std::clamp<int64_t>(given < 0 ? given + size : given, 0, size); };
  const int64_t from = place(start);
  return {from, std::max(place(stop), from), step};
}

struct SelectedIndex {
  int64_t axis, index;  // counted from the front
};

// Negative ones count from the end; IndexError outside.
[[nodiscard]] inline SelectedIndex selected_index(const Tensor& x, int64_t axis, int64_t index, const char* name) {
  const int64_t along = normalize_axis(axis, x.dim(), name), size = x.shape()[along];
  if (index < -size || index >= size)
    throw IndexError(
        size == 0 ? fmt::format("{}: index {} is given for axis {}, expected none: its size is 0", name, index, axis)
                  : fmt::format("{}: index {} is out of range for axis {}, expected {} to {}", name, index, axis, -size,
                                size - 1));
  return {along, index < 0 ? index + size : index};
}

}  // namespace sinter::detail
