// exp and expm1: x = n ln2 + r, |r| <= ln2 / 2, then a polynomial in r and a scaling by 2^n done on the bits.
#include <array>

#include "ir/scalar/math.h"
#include "ir/scalar/math_parts.h"

namespace sinter::ir {
namespace {

constexpr double kLog2E = 0x1.71547652b82fep+0;

struct Reduction {
  double ln2_high, ln2_low;
};
constexpr Reduction kReduceF32{0x1.62e430p-1, -0x1.05c610p-29};
constexpr Reduction kReduceF64{0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};

// exp_f32, exp_f64: (exp(r) - 1) / r, with the exact 1 in front.
constexpr std::array kExpF32{1.0, 0x1.fffffcp-2, 0x1.555492p-3, 0x1.5558aep-5, 0x1.12397ep-7, 0x1.6a4f0cp-10};
constexpr std::array kExpF64{1.0,
                             0x1.000000000000ap-1,
                             0x1.5555555555505p-3,
                             0x1.55555555506bcp-5,
                             0x1.111111112519ap-7,
                             0x1.6c16c184770dbp-10,
                             0x1.a01a013808249p-13,
                             0x1.a019995ed7348p-16,
                             0x1.71df07c81b9cap-19,
                             0x1.28adfd07331f2p-22,
                             0x1.adaceadb2c509p-26};
// expm1_f32, expm1_f64: of r^2.
constexpr std::array kExpm1F32{0x1.fffffep-2, 0x1.5554b4p-3, 0x1.5556f6p-5, 0x1.122536p-7, 0x1.6b9798p-10};
constexpr std::array kExpm1F64{0x1.0000000000000p-1,  0x1.5555555555559p-3,  0x1.5555555555558p-5,
                               0x1.111111110f711p-7,  0x1.6c16c16c170a4p-10, 0x1.a01a01af9d592p-13,
                               0x1.a01a019b90216p-16, 0x1.71ddf92c918b7p-19, 0x1.27e4fe0d6222dp-22,
                               0x1.af5d28e56cc5bp-26, 0x1.1f31ea9fdf204p-29};

// x in [kLow, kHigh] has a finite result that is no denormal.
constexpr double kHighF32 = 0x1.62e42ep+6, kLowF32 = -0x1.5d589ep+6;
constexpr double kHighF64 = 0x1.62e42fefa39efp+9, kLowF64 = -0x1.6232bdd7abcd2p+9;

struct Reduced {
  Expr remainder;
  Expr shifted;  // n + offset in the low bits of its significand
};

Reduced reduce(Expr x, double offset) {
  const bool single = x.dtype() == kFloat32;
  const Reduction& c = single ? kReduceF32 : kReduceF64;
  const Expr shifter = constant_like(x, format(x.dtype()).shifter + offset);
  const Expr shifted = fma(x, constant_like(x, kLog2E), shifter);
  const Expr n = shifted - shifter;
  const Expr near = fma(n, constant_like(x, -c.ln2_high), x);  // exact
  return {fma(n, constant_like(x, -c.ln2_low), near), shifted};
}

Expr shift_to_exponent(Expr shifted) {
  const Expr bits = bits_of(shifted);
  return apply(Prim::kShl, {bits, integer_like(bits, format(shifted.dtype()).mantissa)});
}

// expm1(r), |r| <= ln2 / 2.
Expr expm1_near(Expr r) {
  const Expr r2 = r * r;
  return fma(r2, r.dtype() == kFloat32 ? horner(r, kExpm1F32) : even_odd(r, r2, kExpm1F64), r);
}

}  // namespace

Expr exp(Expr x) {
  const bool single = x.dtype() == kFloat32;
  const auto [r, shifted] = reduce(x, 0);
  const Expr p = fma(single ? horner(r, kExpF32) : even_odd(r, r * r, kExpF64), r, constant_like(x, 1));
  Expr y = float_of(bits_of(p) + shift_to_exponent(shifted));
  y = select(x <= (single ? kHighF32 : kHighF64), y, x + kInfinity);  // a NaN comes through here
  return select(x < (single ? kLowF32 : kLowF64), 0.0, y);
}

Expr expm1(Expr x) {
  const bool single = x.dtype() == kFloat32;
  // Below, the result is -1; above, infinity: the last doubling overflows. 2^(n-1) stays in range.
  const Expr inside = single ? clamp(x, -18, 89) : clamp(x, -38, 710);
  const auto [r, shifted] = reduce(inside, format(x.dtype()).bias - 1);
  const Expr half_scale = float_of(shift_to_exponent(shifted));
  const Expr q = expm1_near(r);
  const Expr half = fma(half_scale, q, half_scale - 0.5);
  const double tiny = single ? 0x1p-30 : 0x1p-60;  // keeps -0 and what half would flush
  return select(abs(x) < tiny, x, half + half);
}

Expr one_minus_exp(Expr x) {
  const bool single = x.dtype() == kFloat32;
  const FloatFormat& layout = format(x.dtype());
  const Expr shifter = constant_like(x, layout.shifter + layout.bias);
  const Expr shifted = fma(x, constant_like(x, kLog2E), shifter);
  // One part of ln2 will do: n = 0 is exact, and the more n grows the less the second term matters.
  const Expr r = fma(shifted - shifter, constant_like(x, single ? -kReduceF32.ln2_high : -kReduceF64.ln2_high), x);
  const Expr scale = float_of(shift_to_exponent(shifted));
  return fma(-scale, expm1_near(r), 1.0 - scale);
}

}  // namespace sinter::ir
