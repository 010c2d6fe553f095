// Prices in nanoseconds of one thread, rough on purpose: good enough to refuse recomputation that costs more than the memory
// traffic it saves, and to tell what is worth a second thread.
#pragma once

#include "ir/loops/kernel.h"

namespace sinter::passes {

inline constexpr double kNanosecondsPerByte = 0.05;    // between kernels, through cache
inline constexpr double kNanosecondsPerLaunch = 300;   // with its share of a barrier

// Estimated run time; symbolic extents count as 256.
[[nodiscard]] double nanoseconds(const loops::Kernel& kernel);

}  // namespace sinter::passes
