#include "passes/fuse/spans.h"

#include <algorithm>

#include "support/error.h"
#include "support/work.h"

namespace sinter::passes {

Spans::Spans(size_t positions) {
  while (leaves_ < positions) leaves_ *= 2;
  nodes_.resize(2 * leaves_);
}

void Spans::change(size_t begin, size_t end, int by) {
  const auto visit = [&](const auto& self, size_t at, size_t first, size_t behind) -> void {
    if (end <= first || behind <= begin) return;
    count_work();
    Node& node = nodes_[at];
    if (begin <= first && behind <= end) {
      node.all += by;
      node.least += by;
      return;
    }
    const size_t middle = (first + behind) / 2;
    self(self, 2 * at, first, middle);
    self(self, 2 * at + 1, middle, behind);
    node.least = node.all + std::min(nodes_[2 * at].least, nodes_[2 * at + 1].least);
  };
  visit(visit, 1, 0, leaves_);
}

size_t Spans::uncovered(size_t from) const {
  constexpr size_t kNone = SIZE_MAX;
  // What lies before `from` is passed over, and what is covered everywhere.
  const auto search = [&](const auto& self, size_t at, size_t first, size_t behind) -> size_t {
    count_work();
    if (behind <= from || nodes_[at].least > 0) return kNone;
    if (behind - first == 1) return first;
    const size_t middle = (first + behind) / 2;
    const size_t left = self(self, 2 * at, first, middle);
    return left != kNone ? left : self(self, 2 * at + 1, middle, behind);
  };
  const size_t found = search(search, 1, 0, leaves_);
  invariant(found != kNone, "some position is covered by no span");
  return found;
}

}  // namespace sinter::passes
