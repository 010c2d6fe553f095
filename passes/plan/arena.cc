#include "passes/plan/arena.h"

#include <algorithm>
#include <map>

#include "support/work.h"

namespace sinter::passes {
namespace {

// A set of bytes, as ranges that do not touch.
class Ranges {
 public:
  void add(size_t begin, size_t end) {
    if (begin == end) return;
    auto at = begin_of_.lower_bound(begin);
    for (; at != begin_of_.end() && at->second <= end; at = begin_of_.erase(at)) {
      begin = std::min(begin, at->second);
      end = std::max(end, at->first);
    }
    begin_of_.emplace_hint(at, end, begin);
  }
  // Where what is in the way of these bytes ends; `begin` when nothing is.
  [[nodiscard]] size_t past(size_t begin, size_t bytes) const {
    const auto at = begin_of_.upper_bound(begin);
    return at != begin_of_.end() && at->second < begin + bytes ? at->first : begin;
  }
  [[nodiscard]] size_t end() const { return begin_of_.empty() ? 0 : begin_of_.rbegin()->first; }

 private:
  std::map<size_t, size_t> begin_of_;  // by end
};

// What is taken in each phase: a tree whose nodes stand for spans of phases.
class Taken {
 public:
  explicit Taken(int phases) {
    while (leaves_ < static_cast<size_t>(phases)) leaves_ *= 2;
    nodes_.resize(2 * leaves_);
  }

  void add(const Interval& life, size_t bytes) {
    each_node(life, [&](size_t node, bool whole) {
      nodes_[node].sometimes.add(life.offset, life.offset + bytes);
      if (whole) nodes_[node].always.add(life.offset, life.offset + bytes);
    });
  }

  // An offset from which so many bytes are free all the time: the lowest, or, where a search for it would be long, one
  // behind all that is in the way.
  [[nodiscard]] size_t free_offset(const Interval& life, size_t bytes) const {
    std::vector<const Ranges*> in_the_way, above;
    each_node(life, [&](size_t node, bool whole) {
      if (whole)
        in_the_way.push_back(&nodes_[node].sometimes);
      else if (const Ranges& always = nodes_[node].always; always.end() > 0)
        above.push_back(&always);
    });
    in_the_way.insert(in_the_way.end(), above.begin(), above.end());  // the longer moves first
    constexpr int kMostMoves = 100;
    size_t offset = 0;
    int moves = 0;
    for (size_t fit = 0; fit < in_the_way.size();) {  // in a row
      for (const Ranges* ranges : in_the_way) {
        count_work();
        const size_t past = ranges->past(offset, bytes);
        fit = past == offset ? fit + 1 : 0;
        if (past != offset && ++moves > kMostMoves) return behind_all(in_the_way);
        offset = past;
      }
    }
    return offset;
  }

 private:
  struct Node {
    Ranges sometimes;  // taken in one of its phases or more
    Ranges always;     // taken in all of them
  };

  static size_t behind_all(const std::vector<const Ranges*>& in_the_way) {
    size_t end = 0;
    for (const Ranges* ranges : in_the_way) end = std::max(end, ranges->end());
    return end;
  }

  // Calls act(node, true) for the nodes that make up the life's phases, act(node, false) for those above.
  template <class Act>
  void each_node(const Interval& life, const Act& act) const {
    const auto from = static_cast<size_t>(life.first), to = static_cast<size_t>(life.last);
    const auto visit = [&](const auto& self, size_t node, size_t first, size_t last) -> void {
      if (to < first || last < from) return;
      const bool whole = from <= first && last <= to;
      act(node, whole);
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
