// Where barriers must stand between the phases of a plan, and which worker runs what is too small to share: a barrier
// is left out where every worker goes on with nothing but what it wrote itself. Test: tests/driver/driver_test.cc
#pragma once

#include <span>
#include <vector>

#include "passes/plan/plan.h"

namespace sinter::passes {

struct Barriers {
  std::vector<bool> before;  // by step: a barrier stands before it
  std::vector<int> lane;     // by step not shared: the worker, modulo their number
};

// `kernels`: those planned, then plan.copies, scheduled. shared[s]: all workers share step s, each taking the same part
// of its units as of every other step with as many. A barrier stands before phase `always` whatever happens (-1: none).
[[nodiscard]] Barriers place_barriers(const Plan& plan, std::span<const LoweredKernel> kernels,
                                      const std::vector<bool>& shared, int always);

}  // namespace sinter::passes
