#include "passes/plan/arena.h"

#include <algorithm>
#include <span>

#include "support/work.h"

namespace sinter::passes {
namespace {

// A set of bytes, as ranges that do not touch.
class Ranges {
 public:
  void add(size_t begin, size_t end) {
    if (begin == end) return;
    auto first = std::ranges::lower_bound(ranges_, begin, {}, &Range::end);
    auto last = first;
    for (; last != ranges_.end() && last->begin <= end; ++last) {
      begin = std::min(begin, last->begin);
      end = std::max(end, last->end);
    }
    first = ranges_.erase(first, last);
    ranges_.insert(first, {begin, end});
  }
  [[nodiscard]] bool empty() const { return ranges_.empty(); }
  // Where what is in the way of these bytes ends; `begin` when nothing is.
  [[nodiscard]] size_t past(size_t begin, size_t bytes) const {
    const auto at = std::ranges::upper_bound(ranges_, begin, {}, &Range::end);
    return at != ranges_.end() && at->begin < begin + bytes ? at->end : begin;
  }

 private:
  struct Range {
    size_t begin, end;
  };
  std::vector<Range> ranges_;  // ascending
};

// What is taken in each phase: a tree whose nodes stand for spans of phases.
class Taken {
 public:
  explicit Taken(int phases) {
    while (leaves_ < static_cast<size_t>(phases)) leaves_ *= 2;
    nodes_.resize(2 * leaves_);
  }

  void add(const Interval& life, size_t bytes) {
    each_node(life, [&](Node& node, bool whole) {
      node.somewhere.add(life.offset, life.offset + bytes);
      if (whole) node.everywhere.add(life.offset, life.offset + bytes);
    });
  }

  // The lowest offset from which so many bytes are free all the time.
  size_t free_offset(const Interval& life, size_t bytes) {
    std::vector<const Ranges*> in_the_way;
    each_node(life, [&](const Node& node, bool whole) {
      const Ranges& ranges = whole ? node.somewhere : node.everywhere;
      if (!ranges.empty()) in_the_way.push_back(&ranges);
    });
    size_t offset = 0;
    for (size_t met = 0; met < in_the_way.size();) {  // ranges in a row with nothing in the way
      for (const Ranges* ranges : in_the_way) {
        count_work();
        const size_t past = ranges->past(offset, bytes);
        met = past == offset ? met + 1 : 0;
        offset = past;
      }
    }
    return offset;
  }

 private:
  struct Node {
    Ranges somewhere, everywhere;  // taken in some of its phases; in all, by values that live in more than these
  };

  // Calls act(node, true) for the nodes that make up the life's phases, act(node, false) for those above them.
  template <class Act>
  void each_node(const Interval& life, const Act& act) {
    const auto visit = [&](const auto& self, size_t node, size_t first, size_t last) -> void {
      const auto from = static_cast<size_t>(life.first), to = static_cast<size_t>(life.last);
      if (to < first || last < from) return;
      const bool whole = from <= first && last <= to;
      act(nodes_[node], whole);
      if (whole) return;
      const size_t middle = (first + last) / 2;
      self(self, 2 * node, first, middle);
      self(self, 2 * node + 1, middle + 1, last);
    };
    visit(visit, 1, 0, leaves_ - 1);
  }

  size_t leaves_ = 1;
  std::vector<Node> nodes_;  // the root is 1, the children of n are 2n and 2n + 1
};

}  // namespace

size_t pack(std::vector<Interval*> intervals) {
  constexpr size_t kAlignment = 128;
  std::stable_sort(intervals.begin(), intervals.end(),
                   [](const Interval* a, const Interval* b) { return a->bytes > b->bytes; });
  int phases = 1;
  for (const Interval* interval : intervals) phases = std::max(phases, interval->last + 1);
  Taken taken(phases);
  size_t total = 0;
  for (Interval* interval : intervals) {
    const size_t bytes = (interval->bytes + kAlignment - 1) / kAlignment * kAlignment;
    interval->offset = taken.free_offset(*interval, bytes);
    taken.add(*interval, bytes);
    total = std::max(total, interval->offset + bytes);
  }
  return total;
}

}  // namespace sinter::passes
