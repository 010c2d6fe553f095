#include "driver/lower_program.h"

#include <cstdio>

#include "driver/kernels.h"
#include "passes/fuse/fuse.h"
#include "passes/pipeline.h"
#include "support/clock.h"
#include "support/options.h"

namespace sinter::driver {

LoweredProgram lower_program(ir::Graph graph, const CompileOptions& options, CompileStats& stats) {
  const auto start = std::chrono::steady_clock::now();
  LoweredProgram made;
  made.graph = passes::run_passes(passes::graph_pipeline(), std::move(graph)).graph;
  const passes::FuseOptions how{.fuse = options.fuse && sinter::options().fuse};
  const auto fusion = passes::run_stage("fusion", made.graph, [&] { return passes::fuse(made.graph, how); });
  made.kernels = passes::run_stage(options.device.is_cpu() ? "loops" : "cuda-loops", made.graph,
                                   [&] { return lower_all(made.graph, fusion, options.device); });
  made.plan = passes::run_stage("plan", made.graph, [&] { return passes::plan(made.graph, made.kernels); });
  if (!sinter::options().dump.empty()) {
    passes::dump(made.graph.name, "fusion", passes::print_ledger(made.graph, fusion));
    passes::dump(made.graph.name, "plan", passes::print(made.plan, made.kernels));
  }
  for (passes::LoweredKernel& copy : made.plan.copies) {
    schedule(copy.kernel, options.device);
    made.kernels.push_back(std::move(copy));
  }
  made.plan.copies.clear();
  stats.passes_ms = milliseconds_since(start);
  return made;
}

void report_time(const ir::Graph& graph, Device device, const CompileStats& stats) {
  if (!options().time) return;
  fmt::print(stderr, "compilation of @{}{}: passes {:.3f} ms, code {:.3f} ms, {} kernels, {} of them compiled now\n",
             graph.name, device.is_cpu() ? "" : " for " + to_string(device), stats.passes_ms, stats.codegen_ms,
             stats.kernels, stats.compiled);
}

}  // namespace sinter::driver
