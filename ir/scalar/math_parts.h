// Pieces that the elementary functions share: the layout of the float formats, polynomials, clamps. Coefficients come
// from tools/math/minimax.py, which also names the interval and form of each fit.
#pragma once

#include <span>

#include "ir/scalar/expr.h"

namespace sinter::ir {

struct FloatFormat {
  DType bits;        // the integer dtype of the same size
  int mantissa;      // explicit bits
  double bias;       // of the exponent
  double shifter;    // 1.5 * 2^mantissa: x + shifter rounds x to an integer and leaves it in the low bits
  int64_t sign;      // mask of the sign bit
  int64_t infinity;  // bits of +infinity, also the mask of the exponent
};
[[nodiscard]] const FloatFormat& format(DType dtype);

// c[0] + c[1] x + c[2] x^2 + ..., one fma per term.
[[nodiscard]] Expr horner(Expr x, std::span<const double> c);
// The same with even and odd powers side by side: one multiplication more, half as deep. x2 is x * x.
[[nodiscard]] Expr even_odd(Expr x, Expr x2, std::span<const double> c);

[[nodiscard]] Expr constant_like(Expr x, double value);
// The integer `value` in the dtype of integer x.
[[nodiscard]] Expr integer_like(Expr x, int64_t value);
// The bits of float x as an integer, and back.
[[nodiscard]] Expr bits_of(Expr x);
[[nodiscard]] Expr float_of(Expr bits);

// x limited to [low, high]; NaN stays.
[[nodiscard]] Expr clamp(Expr x, double low, double high);
// y with the sign bit of x set as well: for odd functions computed of a magnitude, or whose zero lost its sign.
[[nodiscard]] Expr or_sign(Expr y, Expr x);
// y where x is positive and finite; what a logarithm gives elsewhere: -infinity at 0, NaN below, infinity and NaN kept.
[[nodiscard]] Expr logarithm_edges(Expr y, Expr x);

// 1 - exp(x) for x in [-80, 0], relatively accurate near 0.
[[nodiscard]] Expr one_minus_exp(Expr x);

inline constexpr double kInfinity = __builtin_inf();
inline constexpr double kNaN = __builtin_nan("");

}  // namespace sinter::ir
