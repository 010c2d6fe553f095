// How addresses move along a range: what vector accesses stand on.
#pragma once

#include <optional>

#include "ir/loops/kernel.h"

namespace sinter::loops {

// Over `width` neighbouring points of a range, the first a multiple of width:
enum class Walk : uint8_t {
  kStill,     // one and the same element
  kOneByOne,  // neighbouring elements, the first a multiple of width
  kOther,     // or not known
};
[[nodiscard]] Walk walk(const Index& index, uint32_t range, int width);

// Whether the index is surely not negative wherever it is used. Values of the kernel count as unknown.
[[nodiscard]] bool never_negative(const Index& index);

// Whether all extents, sizes and strides are constants: symbols, if there are any, are offsets.
[[nodiscard]] bool has_constant_layout(const Kernel& kernel);

// Number of points when all extents are constants.
[[nodiscard]] std::optional<int64_t> constant_points(const std::vector<Dim>& extents);

}  // namespace sinter::loops
