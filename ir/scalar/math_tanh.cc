// tanh: E / (2 - E) with E = 1 - exp(-2 |x|), and the sign of x.
#include "ir/scalar/math.h"
#include "ir/scalar/math_parts.h"

namespace sinter::ir {

Expr tanh(Expr x) {
  const double one = x.dtype() == kFloat32 ? 9.1 : 19.1;  // beyond, the result rounds to 1
  const Expr a = abs(x);
  const Expr e = one_minus_exp(select(a > one, one, a) * -2.0);
  return or_sign(e / (2.0 - e), x);
}

}  // namespace sinter::ir
