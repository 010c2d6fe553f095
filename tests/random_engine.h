// Random numbers that are the same in every standard library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace sinter::tests {

class RandomEngine {
 public:
  explicit RandomEngine(uint64_t seed) : state_(seed) {}
  uint64_t bits() {  // SplitMix64
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // In [0, count).
  size_t below(size_t count) { return static_cast<size_t>(bits() % count); }
  // In [low, high].
  int64_t between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(below(static_cast<size_t>(high - low + 1)));
  }
  bool one_in(size_t count) { return below(count) == 0; }
  double uniform(double low, double high) { return low + (high - low) * (static_cast<double>(bits() >> 11) * 0x1p-53); }
  template <class Items>
  const auto& pick(const Items& items) {
    return items[below(std::size(items))];
  }

 private:
  uint64_t state_;
};

}  // namespace sinter::tests
