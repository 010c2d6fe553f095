// Errors in units in the last place.
#include "tools/math/ulp.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace sinter::tools {

double ulp_error(float got, double want) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (std::isnan(want) || std::isnan(got)) return std::isnan(want) && std::isnan(got) ? 0 : kInfinity;
  if (std::abs(got) < 0x1p-126F) got = std::copysign(0.0F, got);  // a denormal counts as zero
  const double magnitude = std::abs(want);
  if (magnitude < 0x1p-126 && got == 0) return want == 0 && std::signbit(want) != std::signbit(got) ? kInfinity : 0;
  const double given = std::isinf(got) ? std::copysign(0x1p128, got) : double{got};
  // What rounds to infinity is infinity.
  const double true_value = magnitude >= 0x1.ffffffp127 ? std::copysign(0x1p128, want) : want;
  constexpr uint64_t kExponent = 0x7ff0000000000000;
  const double binade =
      std::clamp(std::bit_cast<double>(std::bit_cast<uint64_t>(true_value) & kExponent), 0x1p-126, 0x1p127);
  return std::abs(given - true_value) / binade * 0x1p23;
}

double ulp_error(double got, mpfr_srcptr want) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (mpfr_nan_p(want) || std::isnan(got)) return mpfr_nan_p(want) && std::isnan(got) ? 0 : kInfinity;
  if (std::abs(got) < std::numeric_limits<double>::min()) got = std::copysign(0.0, got);
  const double rounded = mpfr_get_d(want, MPFR_RNDN);
  if (std::isinf(rounded) && got == rounded) return 0;
  if (std::abs(rounded) < std::numeric_limits<double>::min() && got == 0) {
    return mpfr_zero_p(want) && std::signbit(rounded) != std::signbit(got) ? kInfinity : 0;
  }
  if (std::isinf(rounded) || std::isinf(got)) {
    // One step from the largest finite number counts as one ulp.
    const double finite = std::isinf(got) ? rounded : got;
    return !std::isinf(finite) &&
                   finite == std::copysign(std::numeric_limits<double>::max(), std::isinf(got) ? got : rounded)
               ? 1
               : kInfinity;
  }
  const int exponent = std::clamp(rounded == 0 ? -1022 : std::ilogb(rounded), -1022, 1023);
  mpfr_t difference;
  mpfr_init2(difference, mpfr_get_prec(want) + 64);
  mpfr_set_d(difference, got, MPFR_RNDN);
  mpfr_sub(difference, difference, want, MPFR_RNDN);
  mpfr_mul_2si(difference, difference, 52 - exponent, MPFR_RNDN);
  const double error = std::abs(mpfr_get_d(difference, MPFR_RNDN));
  mpfr_clear(difference);
  return error;
}

}  // namespace sinter::tools
