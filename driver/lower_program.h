// A graph brought as far as compilation goes alike for all devices: passes, fusion, scheduled kernels, plan.
#pragma once

#include <vector>

#include "driver/compile.h"
#include "passes/lower/lower.h"
#include "passes/plan/plan.h"

namespace sinter::driver {

struct LoweredProgram {
  ir::Graph graph;                             // after the graph passes
  std::vector<passes::LoweredKernel> kernels;  // as Step::kernel counts: those planned, then the plan's copies
  passes::Plan plan;                           // its copies have been taken
};

// Fills stats.passes_ms; dumps as the knobs ask. An InternalError names a reproducer.
[[nodiscard]] LoweredProgram lower_program(ir::Graph graph, const CompileOptions& options, CompileStats& stats);

// SINTER_TIME's line about a compilation that has ended.
void report_time(const ir::Graph& graph, Device device, const CompileStats& stats);

}  // namespace sinter::driver
