// pow: 2^(y log2 |x|) with more than the result's precision inside, then the sign and C99's special cases.
#include <array>
#include <cstdint>

#include "ir/scalar/math.h"
#include "ir/scalar/math_parts.h"

namespace sinter::ir {
namespace {

// pow_log2_f32: log2(1 + f) / f, f in [-1/3, 1/3]; pow_exp2_f32: 2^f, |f| <= 1/2.
constexpr std::array kLog2{0x1.71547652bc289p+0, -0x1.71547652ee3cfp-1, 0x1.ec709d8d56f7dp-2, -0x1.715475c3fc18bp-2,
                           0x1.2776e3457d243p-2, -0x1.ec710a23f97f9p-3, 0x1.a60ad303ed39cp-3, -0x1.714270a24b964p-3,
                           0x1.49872d751241fp-3, -0x1.28fd0f200319dp-3, 0x1.f9bf6582a1f00p-4, -0x1.c9a3888a9f4dfp-4,
                           0x1.433200ada276cp-3, -0x1.3460c9ff1aa88p-3};
constexpr std::array kExp2{0x1.0000000261934p+0, 0x1.62e430c7ee96ap-1,  0x1.ebfbdadc2623dp-3, 0x1.c6aed4b17d057p-5,
                           0x1.3b2dbc137b1eep-7, 0x1.5f456ea0698b4p-10, 0x1.41d30363dac6dp-13};

// |x|^y for f32 in f64 arithmetic; wrong only for the cases that pow corrects.
Expr magnitude_f32(Expr a, Expr y) {
  constexpr int64_t kTwoThirds = 0x3fe5555555555555;
  const FloatFormat& wide = format(kFloat64);
  a = convert(a, kFloat64);
  const Expr bits = bits_of(a);
  const Expr exponent = (bits - integer_like(bits, kTwoThirds)) & integer_like(bits, -0x0010000000000000);  // e * 2^52
  const Expr f = float_of(bits - exponent) - 1.0;
  const Expr biased = apply(Prim::kShrL, {exponent + integer_like(bits, 0x3ff0000000000000), integer_like(bits, 52)});
  const Expr e = float_of(biased | integer_like(bits, 0x4330000000000000)) - (0x1p52 + 1023);
  Expr log2 = fma(f, even_odd(f, f * f, kLog2), e);
  log2 = select(a < kInfinity, log2, a);
  log2 = select(a == 0.0, -kInfinity, log2);
  const Expr z = clamp(convert(y, kFloat64) * log2, -200, 200);
  const double shifter = wide.shifter + wide.bias;
  const Expr shifted = z + shifter;
  const Expr p = horner(z - (shifted - shifter), kExp2);
  const Expr scale = float_of(apply(Prim::kShl, {bits_of(shifted), integer_like(bits, 52)}));
  return convert(p * scale, kFloat32);
}

Expr magnitude_f64(Expr a, Expr y) { return exp(y * log(a)); }

}  // namespace

Expr pow(Expr x, Expr y) {
  const bool single = x.dtype() == kFloat32;
  const Expr a = abs(x);
  // 1 to any power is 1: a finite exponent makes it come out so.
  const Expr finite = single ? clamp(y, -0x1p100, 0x1p100) : clamp(y, -0x1p100, 0x1p100);
  Expr p = single ? magnitude_f32(a, finite) : magnitude_f64(a, finite);
  const Expr whole = floor(y) == y;
  const Expr half = y * 0.5;
  const Expr odd = whole & (floor(half) != half);
  const Expr bits = bits_of(x);
  p = select((bits < 0.0) & odd, -p, p);
  p = select((x < 0.0) & !whole & (a < kInfinity), kNaN, p);
  return select((y == 0.0) | (x == 1.0), 1.0, p);
}

}  // namespace sinter::ir
