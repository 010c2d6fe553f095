// Functions that are one primitive, or none: an integer is its own floor.
#include "ir/scalar/math.h"

namespace sinter::ir {

Expr abs(Expr x) { return apply(Prim::kAbs, {x}); }
Expr sqrt(Expr x) { return apply(Prim::kSqrt, {x}); }
Expr floor(Expr x) { return is_float(x.dtype()) ? apply(Prim::kFloor, {x}) : x; }
Expr ceil(Expr x) { return is_float(x.dtype()) ? apply(Prim::kCeil, {x}) : x; }
Expr rint(Expr x) { return is_float(x.dtype()) ? apply(Prim::kRint, {x}) : x; }

}  // namespace sinter::ir
