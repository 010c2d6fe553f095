// Pieces that the elementary functions share.
#include "ir/scalar/math_parts.h"

#include <cstdint>

#include "ir/scalar/math.h"
#include "support/error.h"

namespace sinter::ir {
namespace {

constexpr FloatFormat kSingle{
    .bits = kInt32, .mantissa = 23, .bias = 127, .shifter = 0x1.8p23, .sign = INT32_MIN, .infinity = 0x7f800000};
constexpr FloatFormat kDouble{.bits = kInt64,
                              .mantissa = 52,
                              .bias = 1023,
                              .shifter = 0x1.8p52,
                              .sign = INT64_MIN,
                              .infinity = 0x7ff0000000000000};

}  // namespace

const FloatFormat& format(DType dtype) {
  invariant(is_float(dtype), "elementary functions work on floats");
  return dtype == kFloat32 ? kSingle : kDouble;
}

Expr horner(Expr x, std::span<const double> c) {
  Expr sum = constant_like(x, c.back());
  for (size_t i = c.size() - 1; i-- > 0;) sum = fma(sum, x, constant_like(x, c[i]));
  return sum;
}

Expr even_odd(Expr x, Expr x2, std::span<const double> c) {
  Expr half[2] = {constant_like(x, c[0]), constant_like(x, c[1])};
  for (size_t odd : {0, 1}) {
    size_t i = c.size() - 1;
    if (i % 2 != odd) --i;
    half[odd] = constant_like(x, c[i]);
    for (; i >= 2 + odd; i -= 2) half[odd] = fma(half[odd], x2, constant_like(x, c[i - 2]));
  }
  return fma(half[1], x, half[0]);
}

Expr constant_like(Expr x, double value) { return constant(*x.graph, value, x.dtype()); }

Expr integer_like(Expr x, int64_t value) {
  const auto bits = static_cast<uint64_t>(value);
  return constant_bits(*x.graph, x.dtype() == kInt32 ? bits & 0xffffffffU : bits, x.dtype());
}

Expr bits_of(Expr x) { return bitcast(x, format(x.dtype()).bits); }
Expr float_of(Expr bits) { return bitcast(bits, bits.dtype() == kInt32 ? kFloat32 : kFloat64); }

Expr clamp(Expr x, double low, double high) {
  const Expr raised = select(x < low, low, x);
  return select(raised > high, high, raised);
}

Expr or_sign(Expr y, Expr x) {
  const Expr bits = bits_of(x);
  return float_of(bits_of(y) | (bits & integer_like(bits, format(x.dtype()).sign)));
}

Expr logarithm_edges(Expr y, Expr x) {
  y = select(x < kInfinity, y, x);
  y = select(x < 0.0, kNaN, y);
  return select(x == 0.0, -kInfinity, y);
}

}  // namespace sinter::ir
