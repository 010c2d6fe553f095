// How far a result is from the true value, in units in the last place, under flush-to-zero.
#pragma once

#include <mpfr.h>

namespace sinter::tools {

// |got - want| in f32 ulps of want. 0 when both are NaN, both the same infinity, or got is the zero that a denormal
// flushes to; infinity when only one is NaN. An overflow is judged as if f32 had larger exponents.
[[nodiscard]] double ulp_error(float got, double want);
// The same for f64; want has much more than 53 bits.
[[nodiscard]] double ulp_error(double got, mpfr_srcptr want);

}  // namespace sinter::tools
