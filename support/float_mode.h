// The floating-point mode in which compiled code and the typed reference run: round to nearest, exceptions masked, and
// denormals flushed to zero (FTZ and DAZ) unless SINTER_FTZ is off.
#pragma once

#include <xmmintrin.h>

#include "support/options.h"

namespace sinter {

inline constexpr unsigned kDefaultFloatMode = 0x1f80;  // MXCSR: all exceptions masked, round to nearest
inline constexpr unsigned kFlushDenormals = 0x8040;    // FTZ and DAZ

// The MXCSR word that SINTER_FTZ asks for.
[[nodiscard]] inline unsigned compiled_float_mode() {
  return kDefaultFloatMode | (options().ftz ? kFlushDenormals : 0u);
}

// Puts this thread into `mode` while it lives, and back into its former mode afterwards.
class FloatModeScope {
 public:
  explicit FloatModeScope(unsigned mode = compiled_float_mode()) : outer_(_mm_getcsr()) { _mm_setcsr(mode); }
  ~FloatModeScope() { _mm_setcsr(outer_); }
  FloatModeScope(const FloatModeScope&) = delete;
  FloatModeScope& operator=(const FloatModeScope&) = delete;

 private:
  unsigned outer_;
};

}  // namespace sinter
