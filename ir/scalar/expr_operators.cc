// C++ operators on scalar expressions; a number on one side takes the other side's dtype.
#include "ir/scalar/expr.h"

namespace sinter::ir {
namespace {

Expr like(Expr x, double value) { return constant(*x.graph, value, x.dtype()); }

}  // namespace

Expr operator+(Expr a, Expr b) { return apply(Prim::kAdd, {a, b}); }
Expr operator-(Expr a, Expr b) { return apply(Prim::kSub, {a, b}); }
Expr operator*(Expr a, Expr b) { return apply(Prim::kMul, {a, b}); }
Expr operator/(Expr a, Expr b) { return apply(is_integer(a.dtype()) ? Prim::kIDiv : Prim::kDiv, {a, b}); }
Expr operator%(Expr a, Expr b) { return apply(Prim::kIRem, {a, b}); }
Expr operator-(Expr a) { return apply(Prim::kNeg, {a}); }

Expr operator+(Expr a, double b) { return a + like(a, b); }
Expr operator+(double a, Expr b) { return like(b, a) + b; }
Expr operator-(Expr a, double b) { return a - like(a, b); }
Expr operator-(double a, Expr b) { return like(b, a) - b; }
Expr operator*(Expr a, double b) { return a * like(a, b); }
Expr operator*(double a, Expr b) { return like(b, a) * b; }
Expr operator/(Expr a, double b) { return a / like(a, b); }
Expr operator/(double a, Expr b) { return like(b, a) / b; }

Expr operator==(Expr a, Expr b) { return apply(Prim::kEq, {a, b}); }
Expr operator!=(Expr a, Expr b) { return apply(Prim::kNe, {a, b}); }
Expr operator<(Expr a, Expr b) { return apply(Prim::kLt, {a, b}); }
Expr operator<=(Expr a, Expr b) { return apply(Prim::kLe, {a, b}); }
Expr operator>(Expr a, Expr b) { return b < a; }
Expr operator>=(Expr a, Expr b) { return b <= a; }
Expr operator==(Expr a, double b) { return a == like(a, b); }
Expr operator!=(Expr a, double b) { return a != like(a, b); }
Expr operator<(Expr a, double b) { return a < like(a, b); }
Expr operator<=(Expr a, double b) { return a <= like(a, b); }
Expr operator>(Expr a, double b) { return a > like(a, b); }
Expr operator>=(Expr a, double b) { return a >= like(a, b); }

Expr operator&(Expr a, Expr b) { return apply(Prim::kAnd, {a, b}); }
Expr operator|(Expr a, Expr b) { return apply(Prim::kOr, {a, b}); }
Expr operator^(Expr a, Expr b) { return apply(Prim::kXor, {a, b}); }
Expr operator!(Expr a) { return apply(Prim::kNot, {a}); }

Expr select(Expr condition, Expr a, double b) { return select(condition, a, like(a, b)); }
Expr select(Expr condition, double a, Expr b) { return select(condition, like(b, a), b); }

}  // namespace sinter::ir
