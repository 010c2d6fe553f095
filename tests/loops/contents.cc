#include "tests/loops/contents.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

namespace sinter::loops {
namespace {

using Random = std::mt19937_64;

int64_t number(Dim dim, std::span<const int64_t> symbols) {
  return dim.is_symbol() ? symbols[static_cast<size_t>(dim.symbol_id())] : dim.value();
}

template <class T>
T draw(Random& random, const ContentOptions& options) {
  if constexpr (std::is_same_v<T, bool>) return random() % 2 == 0;
  if constexpr (std::is_same_v<T, int64_t>)
    return static_cast<int64_t>(random() % static_cast<uint64_t>(options.index_limit));
  if constexpr (std::is_floating_point_v<T>) {
    constexpr T kSpecial[] = {0,
                              -T{0},
                              std::numeric_limits<T>::infinity(),
                              -std::numeric_limits<T>::infinity(),
                              std::numeric_limits<T>::quiet_NaN(),
                              1,
                              -1};
    if (options.special_values && random() % 256 == 0) return kSpecial[random() % std::size(kSpecial)];
    return static_cast<T>(std::uniform_real_distribution<double>(-2, 2)(random));
  }
  return T{};
}

void fill(std::span<std::byte> bytes, DType dtype, Random& random, const ContentOptions& options) {
  visit_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    for (size_t at = 0; at + sizeof(T) <= bytes.size(); at += sizeof(T)) {
      const T value = draw<T>(random, options);
      std::memcpy(&bytes[at], &value, sizeof value);
    }
  });
}

template <class T>
bool same(const std::byte* x, const std::byte* y) {
  T a, b;
  std::memcpy(&a, x, sizeof a);
  std::memcpy(&b, y, sizeof b);
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) && std::isnan(b)) return true;
    // Instructions that pass a denormal on may flush it or not.
    for (T* value : {&a, &b})
      if (std::fpclassify(*value) == FP_SUBNORMAL) *value = std::copysign(T{0}, *value);
  }
  return std::memcmp(&a, &b, sizeof a) == 0;
}

}  // namespace

Contents random_contents(const Kernel& kernel, const ContentOptions& options) {
  Random random(options.seed);
  Contents contents;
  for (const Buffer& buffer : kernel.buffers) {
    contents.emplace_back(static_cast<size_t>(number(buffer.size, options.symbols)) * size_of(buffer.dtype));
    fill(contents.back(), buffer.dtype, random, options);
  }
  return contents;
}

std::string difference(std::span<const std::byte> expected, std::span<const std::byte> given, DType dtype) {
  return visit_dtype(dtype, [&](auto zero) -> std::string {
    using T = decltype(zero);
    for (size_t at = 0; at + sizeof(T) <= expected.size(); at += sizeof(T)) {
      if (same<T>(&expected[at], &given[at])) continue;
      T x, y;
      std::memcpy(&x, &expected[at], sizeof x);
      std::memcpy(&y, &given[at], sizeof y);
      return fmt::format("element {}: expected {}, given {}", at / sizeof(T), x, y);
    }
    return "";
  });
}

}  // namespace sinter::loops
