#include "ir/graph/strided.h"

namespace sinter::ir {

void copy_box(std::span<const int64_t> sizes, const Literal& from, const Strided& from_at, Literal& to,
              const Strided& to_at) {
  visit_dtype(from.type.dtype, [&](auto zero) {
    using T = decltype(zero);
    const std::span<const T> source = from.view<T>();
    const std::span<T> target = to.view<T>();
    std::vector<int64_t> targets;
    for_each_offset(sizes, to_at, [&](int64_t offset) { targets.push_back(offset); });
    size_t n = 0;
    for_each_offset(sizes, from_at, [&](int64_t offset) {
      target[static_cast<size_t>(targets[n++])] = source[static_cast<size_t>(offset)];
    });
  });
}

}  // namespace sinter::ir
