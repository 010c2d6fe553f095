// Runs a plan in the kernel interpreter, in memory of its own: what machine code is compared with.
#pragma once

#include <span>
#include <vector>

#include "ir/loops/interpret.h"
#include "passes/plan/plan.h"

namespace sinter::passes {

struct InterpretOptions {
  bool backwards = false;  // runs the steps of a phase in reverse order: the plan says that their order means nothing
  loops::Check check = loops::Check::kBounds;
};

// `kernels`: those planned, then plan.copies. One literal a result; state as it is afterwards. IndexError when a check
// fails.
[[nodiscard]] std::vector<ir::Literal> interpret(const ir::Graph& graph, std::span<const LoweredKernel> kernels,
                                                 const Plan& plan, std::span<const ir::Literal> inputs,
                                                 const InterpretOptions& options = {});

}  // namespace sinter::passes
