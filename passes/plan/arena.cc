#include "passes/plan/arena.h"

#include <algorithm>

namespace sinter::passes {

size_t pack(std::vector<Interval*> intervals) {
  constexpr size_t kAlignment = 128;
  std::stable_sort(intervals.begin(), intervals.end(),
                   [](const Interval* a, const Interval* b) { return a->bytes > b->bytes; });
  size_t total = 0;
  std::vector<const Interval*> placed;  // by offset
  for (Interval* interval : intervals) {
    const size_t bytes = (interval->bytes + kAlignment - 1) / kAlignment * kAlignment;
    size_t offset = 0;
    for (const Interval* other : placed) {
      if (other->last < interval->first || interval->last < other->first) continue;
      if (offset + bytes <= other->offset) break;
      offset = std::max(offset, other->offset + (other->bytes + kAlignment - 1) / kAlignment * kAlignment);
    }
    interval->offset = offset;
    placed.insert(std::upper_bound(placed.begin(), placed.end(), interval,
                                   [](const Interval* a, const Interval* b) { return a->offset < b->offset; }),
                  interval);
    total = std::max(total, offset + bytes);
  }
  return total;
}

}  // namespace sinter::passes
