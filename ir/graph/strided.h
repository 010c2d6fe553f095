// Walking arrays by strides: what evaluations of views and reductions share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ir/graph/type.h"

namespace sinter::ir {

// Where element [i0, i1, ...] of a box lies in an array: base + sum of i * stride.
struct Strided {
  int64_t base = 0;
  std::vector<int64_t> strides;
};

// Calls f(offset) for each element of the box of these sizes, row-major.
template <class F>
void for_each_offset(std::span<const int64_t> sizes, const Strided& at, F f) {
  int64_t count = 1;
  for (int64_t size : sizes) count *= size;
  std::vector<int64_t> index(sizes.size());
  int64_t offset = at.base;
  for (int64_t n = 0; n < count; ++n) {
    f(offset);
    for (size_t axis = sizes.size(); axis-- > 0;) {
      offset += at.strides[axis];
      if (++index[axis] < sizes[axis]) break;
      offset -= at.strides[axis] * sizes[axis];
      index[axis] = 0;
    }
  }
}

// Copies a box of elements between two arrays of one element type.
void copy_box(std::span<const int64_t> sizes, const Literal& from, const Strided& from_at, Literal& to,
              const Strided& to_at);

}  // namespace sinter::ir
