// tanh. f32: a rational function of x, constant beyond the point where the result rounds to 1.
#include <array>

#include "ir/scalar/math.h"
#include "ir/scalar/math_parts.h"

namespace sinter::ir {
namespace {

// tanh_f32: x P(u) / Q(u), u = x^2.
constexpr std::array kP{1.0, 0x1.120404p-3, 0x1.c9f68cp-9, 0x1.59513ap-16, 0x1.c99868p-27};
constexpr std::array kQ{1.0, 0x1.de574cp-2, 0x1.a7de4cp-6, 0x1.583f64p-12, 0x1.a0b0c4p-21};
constexpr double kOneF32 = 9.02;

Expr tanh_f32(Expr x) {
  x = clamp(x, -kOneF32, kOneF32);
  const Expr u = x * x;
  return x * horner(u, kP) / horner(u, kQ);
}

Expr tanh_f64(Expr x) {
  const Expr e = expm1(abs(x) * -2.0);  // in [-1, 0]
  return or_sign(-e / (e + 2.0), x);
}

}  // namespace

Expr tanh(Expr x) { return x.dtype() == kFloat32 ? tanh_f32(x) : tanh_f64(x); }

}  // namespace sinter::ir
