// sin and cos: x = j pi + r (for cos: (j + 1/2) pi + r), |r| <= pi / 2, with pi in three parts; then one odd
// polynomial, whose sign flips with j.
#include <array>

#include "ir/scalar/math.h"
#include "ir/scalar/math_parts.h"

namespace sinter::ir {
namespace {

constexpr double kInversePi = 0x1.45f306dc9c883p-2;
// Truncated, not rounded: all parts are positive, so that 0 turns leave the sign of -0.
constexpr std::array kPiF32{0x1.921fb4p+1, 0x1.4442d0p-23, 0x1.846988p-47};
constexpr std::array kPiF64{0x1.921fb54442d18p+1, 0x1.1a62633145c06p-53, 0x1.c1cd129024e08p-106};
// sin_f32, sin_f64: of u = r^2, after the leading 1.
constexpr std::array kSinF32{-0x1.555548p-3, 0x1.110e3ep-7, -0x1.9f5634p-13, 0x1.5c66d8p-19};
constexpr std::array kSinF64{-0x1.5555555555555p-3,  0x1.11111111110cep-7,   -0x1.a01a01a01577fp-13,
                             0x1.71de3a5308a90p-19,  -0x1.ae64551923a07p-26, 0x1.6123e6852b7c1p-33,
                             -0x1.ae4e46d8f8c2dp-41, 0x1.8a9c3ed22858bp-49,  -0x1.c91ca136b36bdp-60};

// sin(x - turns pi), negated when the lowest bit of `shifted` is set.
Expr sin_of_rest(Expr x, Expr turns, Expr shifted) {
  const bool single = x.dtype() == kFloat32;
  Expr r = x;
  for (double part : single ? kPiF32 : kPiF64) r = fma(turns, constant_like(x, -part), r);  // the first is exact
  const Expr u = r * r;
  const Expr bend = single ? horner(u, kSinF32) : horner(u, kSinF64);
  const Expr y = clamp(or_sign(fma(r * u, bend, r), r), -1, 1);  // rounding alone could pass 1
  const Expr bits = bits_of(shifted);
  const Expr sign = apply(Prim::kShl, {bits, integer_like(bits, single ? 31 : 63)});
  return float_of(bits_of(y) ^ sign);
}

}  // namespace

Expr sin(Expr x) {
  const Expr shifter = constant_like(x, format(x.dtype()).shifter);
  const Expr shifted = fma(x, constant_like(x, kInversePi), shifter);
  return sin_of_rest(x, shifted - shifter, shifted);
}

Expr cos(Expr x) {
  // cos((j + 1/2) pi + r) = -(-1)^j sin(r): an odd shifter flips the sign.
  const Expr shifter = constant_like(x, format(x.dtype()).shifter + 1);
  const Expr shifted = fma(x, constant_like(x, kInversePi), constant_like(x, -0.5)) + shifter;
  return sin_of_rest(x, shifted - shifter + 0.5, shifted);
}

}  // namespace sinter::ir
