// log and log1p: the argument is m 2^e with m near 1 and f = m - 1; then log(1 + f) + e ln2.
#include <array>
#include <cstdint>

#include "ir/scalar/math.h"
#include "ir/scalar/math_parts.h"

namespace sinter::ir {
namespace {

// log_f32, of f^2; f in [-1/3, 1/3].
constexpr std::array kLogF32{-0x1.ffffd4p-2, 0x1.555506p-2, -0x1.0014bap-2, 0x1.99d006p-3,
                             -0x1.502bc6p-3, 0x1.1edc60p-3, -0x1.3b4a0ep-3, 0x1.1e4484p-3};
// log_f64, of z = s^2, s = f / (2 + f); m in [sqrt(1/2), sqrt(2)].
constexpr std::array kLogF64{0x1.5555555555592p-1, 0x1.999999997feffp-2, 0x1.24924941e3d15p-2, 0x1.c71c521198ad3p-3,
                             0x1.74663d9ca83e9p-3, 0x1.39a1d42b19d45p-3, 0x1.2f04a564543c1p-3};
constexpr double kLn2 = 0x1.62e42fefa39efp-1;
// ln2 in two parts; e times the first is exact.
constexpr double kLn2High = 0x1.62e42fee00000p-1, kLn2Low = 0x1.a39ef35793c76p-33;
constexpr int64_t kTwoThirdsF32 = 0x3f2aaaab;
constexpr int64_t kSqrtHalfF64 = 0x3fe6a09e667f3bcd;

// e in the exponent's place (a multiple of 2^23), for m in [2/3, 4/3).
Expr exponent_f32(Expr bits) {
  return (bits - integer_like(bits, kTwoThirdsF32)) & integer_like(bits, ~int64_t{0x7fffff});
}

Expr log_f32(Expr x) {
  const Expr bits = bits_of(x);
  const Expr e = exponent_f32(bits);
  const Expr f = float_of(bits - e) - 1.0;
  const Expr p = fma(f * f, horner(f, kLogF32), f);
  return fma(convert(e, kFloat32), constant_like(x, kLn2 * 0x1p-23), p);
}

Expr log1p_f32(Expr x) {
  const Expr e = exponent_f32(bits_of(x + 1.0));
  // 4 f = 4 (1 + x) 2^-e - 4, rounded once; four times, because 2^-e would be a denormal for the largest x.
  const Expr scale = float_of(integer_like(e, 0x40800000) - e);
  const Expr f4 = fma(x, scale, scale - 4.0);
  std::array<double, kLogF32.size()> c{};
  double power = 0x1p-4;
  for (size_t i = 0; i < c.size(); ++i, power /= 4) c[i] = kLogF32[i] * power;
  const Expr p = fma(f4 * f4, horner(f4, c), f4 * 0.25);
  return fma(convert(e, kFloat32), constant_like(x, kLn2 * 0x1p-23), p);
}

// bits + this has e + 1023 in the exponent's place, for m in [sqrt(1/2), sqrt(2)).
constexpr int64_t kToExponentF64 = 0x3ff0000000000000 - kSqrtHalfF64;

// e as a float from e + 1023 in the low bits, through the bits of 2^52.
Expr small_integer_f64(Expr biased) {
  return float_of(biased | integer_like(biased, 0x4330000000000000)) - (0x1p52 + 1023);
}

// log(1 + f) + e ln2.
Expr log_sum_f64(Expr f, Expr e) {
  const Expr s = f / (f + 2.0);
  const Expr z = s * s;
  const Expr r = z * even_odd(z, z * z, kLogF64);
  const Expr half_square = f * f * 0.5;
  // f - (f^2/2 - (s (f^2/2 + r) + e ln2_low)) + e ln2_high
  const Expr small = fma(s, half_square + r, e * kLn2Low);
  return fma(e, constant_like(f, kLn2High), f - (half_square - small));
}

Expr log_f64(Expr x) {
  const Expr shifted = bits_of(x) + integer_like(bits_of(x), kToExponentF64);
  const Expr e = small_integer_f64(apply(Prim::kShrL, {shifted, integer_like(shifted, 52)}));
  const Expr m = (shifted & integer_like(shifted, 0x000fffffffffffff)) + integer_like(shifted, kSqrtHalfF64);
  return log_sum_f64(float_of(m) - 1.0, e);
}

Expr log1p_f64(Expr x) {
  const Expr bits = bits_of(x + 1.0);
  const Expr shifted = bits + integer_like(bits, kToExponentF64);
  const Expr e = small_integer_f64(apply(Prim::kShrL, {shifted, integer_like(shifted, 52)}));
  const Expr exponent = shifted & integer_like(shifted, 0x7ff0000000000000);  // the bits of 2^e
  // 2^(2-e): its biased exponent is 2048 less that of 2^e. Four times, as in log1p_f32.
  const Expr scale = float_of(integer_like(bits, INT64_MIN) - exponent);
  const Expr f4 = fma(x, scale, scale - 4.0);
  return log_sum_f64(f4 * 0.25, e);
}

}  // namespace

Expr log(Expr x) { return logarithm_edges(x.dtype() == kFloat32 ? log_f32(x) : log_f64(x), x); }

Expr log1p(Expr x) {
  Expr y = x.dtype() == kFloat32 ? log1p_f32(x) : log1p_f64(x);
  y = select(x < kInfinity, y, x);
  y = select(x < -1.0, kNaN, y);
  return or_sign(select(x == -1.0, -kInfinity, y), x);
}

}  // namespace sinter::ir
