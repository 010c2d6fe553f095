// Random choices and buffer contents for generated kernels.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "support/dtype.h"

namespace sinter::loops {

class RandomSource {
 public:
  explicit RandomSource(uint64_t seed) : engine_(seed) {}

  int64_t number(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(engine_); }
  bool chance(int percent) { return number(1, 100) <= percent; }
  template <class List>
  const auto& one_of(const List& list) {
    return std::data(list)[static_cast<size_t>(number(0, static_cast<int64_t>(std::size(list)) - 1))];
  }
  template <class List>
  void shuffle(List& list) {
    std::shuffle(list.begin(), list.end(), engine_);
  }

  // Elements of moderate size, a few of them special.
  std::vector<std::byte> elements(DType dtype, int64_t count) {
    std::vector<std::byte> bytes(static_cast<size_t>(count) * size_of(dtype));
    visit_dtype(dtype, [&](auto zero) {
      for (size_t i = 0; i < bytes.size(); i += sizeof zero) {
        const auto value = element<decltype(zero)>();
        std::memcpy(&bytes[i], &value, sizeof value);
      }
    });
    return bytes;
  }

 private:
  template <class T>
  T element() {
    using Limits = std::numeric_limits<T>;
    if constexpr (std::is_same_v<T, bool>) {
      return chance(50);
    } else if constexpr (std::is_integral_v<T>) {
      return chance(2) ? Limits::min() : static_cast<T>(number(-50, 50));
    } else {
      const T special[] = {
          T{0},         -T{0}, Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(), Limits::denorm_min(),
          Limits::max()};
      return chance(2) ? one_of(special) : static_cast<T>(static_cast<double>(number(-3000, 3000)) / 1000);
    }
  }

  std::mt19937_64 engine_;
};

}  // namespace sinter::loops
