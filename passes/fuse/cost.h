// Prices in nanoseconds of one thread, rough on purpose: good enough to refuse recomputation that costs more than the
// memory traffic it saves, and to tell what is worth a second thread.
#pragma once

#include <span>
#include <vector>

#include "ir/loops/kernel.h"

namespace sinter::passes {

inline constexpr double kNanosecondsPerByte = 0.05;   // between kernels, through cache
inline constexpr double kNanosecondsPerLaunch = 300;  // with its share of a barrier

// Run time of a kernel as a function of its symbols.
class Cost {
 public:
  explicit Cost(const loops::Kernel& kernel);
  // With these values of the symbols; those beyond count as 256.
  [[nodiscard]] double nanoseconds(std::span<const int64_t> symbols = {}) const;

 private:
  struct Part {  // of one pass
    double per_point;
    std::vector<Dim> extents;
  };
  std::vector<Part> parts_;
};

// Machine instructions of one vector of a pass, roughly: what is unrolled is compiled as often.
[[nodiscard]] double instructions(const loops::Pass& pass);

[[nodiscard]] inline double nanoseconds(const loops::Kernel& kernel) { return Cost(kernel).nanoseconds(); }

}  // namespace sinter::passes
