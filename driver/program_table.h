// A plan as the table of launches that both runtimes walk.
#pragma once

#include <string>
#include <vector>

#include "driver/compile.h"
#include "passes/plan/plan.h"
#include "runtime/program.h"

namespace sinter::driver {

// All but what depends on the machine code: kernels, units and how they are shared. Counts launches, barriers and bytes
// in stats. `kernels`: the given ones and then the plan's copies, as Step::kernel counts.
[[nodiscard]] runtime::Program program_table(const ir::Graph& graph, const std::vector<passes::LoweredKernel>& kernels,
                                             const passes::Plan& plan, CompileStats& stats);

// The kernel's name and the user's lines.
[[nodiscard]] std::string name_and_lines(const loops::Kernel& kernel);

}  // namespace sinter::driver
