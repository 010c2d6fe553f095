// Functions that are one primitive.
#include "ir/scalar/math.h"

namespace sinter::ir {

Expr abs(Expr x) { return apply(Prim::kAbs, {x}); }
Expr sqrt(Expr x) { return apply(Prim::kSqrt, {x}); }
Expr floor(Expr x) { return apply(Prim::kFloor, {x}); }
Expr ceil(Expr x) { return apply(Prim::kCeil, {x}); }
Expr rint(Expr x) { return apply(Prim::kRint, {x}); }

}  // namespace sinter::ir
