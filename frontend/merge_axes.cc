#include "frontend/merge_axes.h"

#include <algorithm>
#include <utility>

namespace sinter::detail {

Sizes merge_axes(const Sizes& shape, std::span<Sizes* const> strides, std::span<int> groups) {
  // What is left of the lists grows at their front, never beyond the axis being read.
  Sizes sizes;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] == 1) continue;
    const int last = sizes.rank() - 1;
    const auto walks_as_one = [&](const Sizes* list) { return (*list)[last] == (*list)[axis] * shape[axis]; };
    const bool joins = last >= 0 &&
                       (groups.empty() || groups[static_cast<size_t>(last)] == groups[static_cast<size_t>(axis)]) &&
                       std::ranges::all_of(strides, walks_as_one);
    const int to = joins ? last : sizes.rank();
    if (joins)
      sizes[last] *= shape[axis];
    else
      sizes.push_back(shape[axis]);
    for (Sizes* list : strides) (*list)[to] = (*list)[axis];
    if (!groups.empty()) groups[static_cast<size_t>(to)] = groups[static_cast<size_t>(axis)];
  }
  for (Sizes* list : strides) *list = Sizes(std::span(std::as_const(*list).begin(), sizes.size()));
  return sizes;
}

}  // namespace sinter::detail
