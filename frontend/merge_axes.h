// Fewer, longer axes: what strided memories of one shape step through alike is one axis to a kernel.
#pragma once

#include <span>

#include "frontend/sizes.h"

namespace sinter::detail {

// Drops axes of size 1 and joins neighbours that all memories walk as one; `strides`, one list a memory, follow.
// Returns the sizes that are left. Where `groups` are given, one an axis, axes of different groups stay apart, and the
// entries follow too.
[[nodiscard]] Sizes merge_axes(const Sizes& shape, std::span<Sizes* const> strides, std::span<int> groups = {});

}  // namespace sinter::detail
