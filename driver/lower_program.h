// A graph brought as far as compilation goes alike for all devices: passes, fusion, scheduled kernels, plan.
#pragma once

#include <string_view>
#include <vector>

#include "driver/compile.h"
#include "passes/lower/lower.h"
#include "passes/plan/plan.h"

namespace sinter::driver {

struct StageWork {
  std::string_view stage;  // a pass over the graph, or "fusion", "loops", "plan"
  uint64_t steps = 0;      // support/work.h
};

struct LoweredProgram {
  ir::Graph graph;                             // after the graph passes
  std::vector<passes::LoweredKernel> kernels;  // as Step::kernel counts: those planned, then the plan's copies
  passes::Plan plan;                           // its copies have been taken
  std::vector<StageWork> work;                 // in the order of the stages; the same for the same graph
};

// Fills stats.passes_ms; dumps as the knobs ask. An InternalError names a reproducer.
[[nodiscard]] LoweredProgram lower_program(ir::Graph graph, const CompileOptions& options, CompileStats& stats);

// SINTER_TIME's line about a compilation that has ended.
void report_time(const ir::Graph& graph, Device device, const CompileStats& stats);

}  // namespace sinter::driver
