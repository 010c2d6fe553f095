// Elementary functions built from primitives: range reduction and polynomials of our own, for f32 and f64
// (docs/math_errors.md has the measured errors). Each works in its argument's dtype, which must be a float where
// nothing else is said. No table look-ups, no calls.
#pragma once

#include "ir/scalar/expr.h"

namespace sinter::ir {

// Of integers, too.
[[nodiscard]] Expr abs(Expr x);
[[nodiscard]] Expr floor(Expr x);
[[nodiscard]] Expr ceil(Expr x);
[[nodiscard]] Expr rint(Expr x);

[[nodiscard]] Expr sqrt(Expr x);
[[nodiscard]] Expr exp(Expr x);
[[nodiscard]] Expr expm1(Expr x);
[[nodiscard]] Expr log(Expr x);
[[nodiscard]] Expr log1p(Expr x);
// sin and cos hold their bound for |x| <= 5e5 in f32 and 1e14 in f64. Further out the error grows (f32: 2e-4 at 1e7),
// and where x / pi no longer fits the significand the result has no correct digit; it always lies in [-1, 1].
[[nodiscard]] Expr sin(Expr x);
[[nodiscard]] Expr cos(Expr x);
[[nodiscard]] Expr tanh(Expr x);
[[nodiscard]] Expr erf(Expr x);
// C99's special cases. f32 computes in f64. Of integers it wraps, and a negative power is 0 but for x = 1 and -1.
[[nodiscard]] Expr pow(Expr x, Expr y);

}  // namespace sinter::ir
