// Packs values that live during spans of phases into one arena: largest first, each at the lowest offset that is free
// while it lives.
#pragma once

#include <cstddef>
#include <vector>

namespace sinter::passes {

struct Interval {
  int first, last;  // phases, inclusive
  size_t bytes;
  size_t offset;  // result, a multiple of 128: no two values share a pair of cache lines
};

// Sets the offsets; the arena's size.
size_t pack(std::vector<Interval*> intervals);

}  // namespace sinter::passes
