#include "tests/random_literal.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sinter::tests {
namespace {

template <class T>
T moderate(RandomEngine& random) {
  if constexpr (std::is_same_v<T, bool>)
    return random.one_in(2);
  else if constexpr (std::is_floating_point_v<T>)
    return static_cast<T>(random.one_in(16) ? (random.one_in(2) ? 0.0 : -0.0) : random.uniform(-3, 3));
  else
    return static_cast<T>(random.between(-10, 10));
}

template <class T>
T extreme(RandomEngine& random) {
  using Limits = std::numeric_limits<T>;
  if constexpr (std::is_same_v<T, bool>) {
    return random.one_in(2);
  } else if constexpr (std::is_floating_point_v<T>) {
    constexpr T kExtremes[] = {Limits::quiet_NaN(),  Limits::infinity(),   Limits::max(), Limits::max() / 2,
                               Limits::denorm_min(), Limits::min() / 2,    Limits::min(), Limits::min() * 3,
                               Limits::epsilon(),    1 - Limits::epsilon()};
    const T size = random.one_in(3) ? static_cast<T>(std::exp(random.uniform(-60, 60))) : random.pick(kExtremes);
    return random.one_in(2) ? size : -size;
  } else {
    constexpr int64_t kExtremes[] = {
        Limits::min(),     Limits::max(),          Limits::min() + 1,      int64_t{1} << 31,
        INT64_C(-1) << 31, (INT64_C(1) << 24) + 1, (INT64_C(1) << 53) + 1, -1};
    return static_cast<T>(random.one_in(3) ? static_cast<int64_t>(random.bits()) : random.pick(kExtremes));
  }
}

template <class T>
bool same_element(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
    const auto flushed = [](T x) { return std::abs(x) < std::numeric_limits<T>::min() ? std::copysign(T{0}, x) : x; };
    return flushed(a) == flushed(b) && std::signbit(a) == std::signbit(b);
  } else {
    return a == b;
  }
}

}  // namespace

ir::Literal random_literal(RandomEngine& random, const ir::Type& type, bool extremes) {
  ir::Literal literal = ir::Literal::zeros(type);
  const bool wild = extremes && random.one_in(4);
  visit_dtype(type.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (T& element : literal.view<T>()) element = wild && random.one_in(8) ? extreme<T>(random) : moderate<T>(random);
  });
  return literal;
}

bool same_bits(const ir::Literal& a, const ir::Literal& b) {
  if (a.type != b.type) return false;
  return visit_dtype(a.type.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto left = a.view<T>(), right = b.view<T>();
    return std::equal(left.begin(), left.end(), right.begin(), right.end(), same_element<T>);
  });
}

}  // namespace sinter::tests
