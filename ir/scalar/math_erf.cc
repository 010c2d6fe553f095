// erf. f32: a rational function of x, constant beyond the point where the result rounds to 1.
#include <array>

#include "ir/scalar/math.h"
#include "ir/scalar/math_parts.h"

namespace sinter::ir {
namespace {

// erf_f32: x P(u) / Q(u), u = x^2.
constexpr std::array kP{0x1.20dd74p+0, 0x1.86b390p-3, 0x1.b070d8p-5, 0x1.ef54c6p-9, 0x1.2a9c20p-12, 0x1.121568p-19};
constexpr std::array kQ{1.0, 0x1.013a90p-1, 0x1.d3fa3ep-4, 0x1.eb65c0p-7, 0x1.3168dap-10, 0x1.3ec87ep-15};
constexpr double kOneF32 = 3.93;

Expr erf_f32(Expr x) {
  x = clamp(x, -kOneF32, kOneF32);
  const Expr u = x * x;
  return x * horner(u, kP) / horner(u, kQ);
}

}  // namespace

Expr erf(Expr x) { return erf_f32(x); }

}  // namespace sinter::ir
