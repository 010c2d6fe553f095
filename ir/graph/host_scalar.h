// The scalars that bodies of rows run on when the host computes: double, with libm, and Integer, with the wrapping
// arithmetic of i64. The same names exist for Expr (ir/scalar), so that one body serves all.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "support/dtype.h"

namespace sinter::ir::host {

struct Integer {
  int64_t value = 0;
  constexpr explicit Integer(int64_t number) : value(number) {}
  constexpr Integer(double literal) : value(static_cast<int64_t>(literal)) {}  // NOLINT: literals in bodies
  constexpr explicit operator int64_t() const { return value; }
  [[nodiscard]] constexpr uint64_t bits() const { return static_cast<uint64_t>(value); }
};

constexpr Integer wrapped(uint64_t bits) { return Integer(static_cast<int64_t>(bits)); }
constexpr Integer operator+(Integer x, Integer y) { return wrapped(x.bits() + y.bits()); }
constexpr Integer operator-(Integer x, Integer y) { return wrapped(x.bits() - y.bits()); }
constexpr Integer operator*(Integer x, Integer y) { return wrapped(x.bits() * y.bits()); }
constexpr Integer operator-(Integer x) { return wrapped(-x.bits()); }
constexpr Integer operator/(Integer x, Integer y) {  // x / 0 = 0, min / -1 = min
  return y.value == 0 ? Integer(0.0) : y.value == -1 ? -x : Integer(x.value / y.value);
}
constexpr Integer operator%(Integer x, Integer y) { return x - (x / y) * y; }
constexpr bool operator==(Integer x, Integer y) { return x.value == y.value; }
constexpr auto operator<=>(Integer x, Integer y) { return x.value <=> y.value; }
constexpr Integer operator&(Integer x, Integer y) { return wrapped(x.bits() & y.bits()); }
constexpr Integer operator|(Integer x, Integer y) { return wrapped(x.bits() | y.bits()); }
constexpr Integer operator^(Integer x, Integer y) { return wrapped(x.bits() ^ y.bits()); }
constexpr bool operator!(Integer x) { return x.value == 0; }
constexpr Integer shift_left(Integer x, Integer count) {
  return count.bits() < 64 ? wrapped(x.bits() << count.bits()) : Integer(0.0);
}
constexpr Integer shift_right(Integer x, Integer count) {
  return count.bits() < 64 ? wrapped(x.bits() >> count.bits()) : Integer(0.0);
}
constexpr Integer abs(Integer x) { return x.value < 0 ? -x : x; }
constexpr Integer floor(Integer x) { return x; }
constexpr Integer ceil(Integer x) { return x; }
constexpr Integer rint(Integer x) { return x; }
constexpr Integer pow(Integer x, Integer y) {
  if (y.value < 0)
    return x.value == 1 || (x.value == -1 && y.value % 2 == 0) ? Integer(1.0) : x.value == -1 ? x : Integer(0.0);
  Integer power(1.0);
  for (int64_t left = y.value; left > 0; left /= 2, x = x * x)
    if (left % 2 == 1) power = power * x;
  return power;
}

using std::abs, std::ceil, std::cos, std::erf, std::exp, std::expm1, std::floor, std::log, std::log1p, std::pow,
    std::rint, std::sin, std::sqrt, std::tanh;

constexpr double select(bool condition, double a, double b) { return condition ? a : b; }
constexpr Integer select(bool condition, Integer a, Integer b) { return condition ? a : b; }
constexpr Integer select(Integer condition, Integer a, Integer b) { return condition.value != 0 ? a : b; }

// `value` as a scalar of the kind of the first argument.
constexpr double like(double, double value) { return value; }
constexpr Integer like(Integer, double value) { return value; }

// Of two equal numbers: +0 rather than -0, and the other way round.
inline double positive_zero(double x, double y) {
  return std::bit_cast<double>(std::bit_cast<uint64_t>(x) & std::bit_cast<uint64_t>(y));
}
inline double negative_zero(double x, double y) {
  return std::bit_cast<double>(std::bit_cast<uint64_t>(x) | std::bit_cast<uint64_t>(y));
}
constexpr Integer positive_zero(Integer x, Integer) { return x; }
constexpr Integer negative_zero(Integer x, Integer) { return x; }

// As Prim::kConvert; float types are all double here, and bool is 0 or 1.
inline double convert(double x, DType to) {
  if (to == kBool) return x != 0 ? 1 : 0;
  if (is_float(to)) return x;
  return std::isnan(x) ? 0 : std::trunc(x);
}
constexpr Integer convert(Integer x, DType to) { return to == kBool ? Integer(int64_t{x.value != 0}) : x; }

// A double holding an integer, as i64: saturates.
inline int64_t saturate(double x) {
  constexpr double kLimit = 9223372036854775808.0;
  if (std::isnan(x)) return 0;
  if (x >= kLimit) return std::numeric_limits<int64_t>::max();
  if (x < -kLimit) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(x);
}

}  // namespace sinter::ir::host
