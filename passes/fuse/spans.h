// How many spans cover each position of a line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sinter::passes {

class Spans {
 public:
  explicit Spans(size_t positions);
  // One more, or one less, over the positions [begin, end).
  void add(size_t begin, size_t end) { change(begin, end, 1); }
  void remove(size_t begin, size_t end) { change(begin, end, -1); }
  // The first position from this one on that no span covers; there is one.
  [[nodiscard]] size_t uncovered(size_t from) const;

 private:
  void change(size_t begin, size_t end, int by);
  // Least number of spans over a position of the node's, those over all of its parent's positions aside; of these, over
  // all of its own. The root is 1, the children of n are 2n and 2n + 1, the leaves come last.
  struct Node {
    int least = 0, all = 0;
  };
  size_t leaves_ = 1;
  std::vector<Node> nodes_;
};

}  // namespace sinter::passes
