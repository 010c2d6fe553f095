#include "tests/kernels/run_plan.h"

#include "ir/loops/text.h"
#include "passes/lower/collapse.h"
#include "passes/lower/share_offsets.h"
#include "passes/plan/interpret.h"
#include "passes/schedule/cpu.h"

namespace sinter::test {
namespace {

loops::Kernel through_text(const loops::Kernel& kernel) {
  const std::string text = loops::print(kernel, /*locations=*/true);
  std::vector<loops::Kernel> parsed = loops::parse(text);
  if (parsed.size() != 1 || loops::print(parsed[0], true) != text)
    throw InternalError("kernel text does not round-trip:\n" + text);
  return std::move(parsed[0]);
}

}  // namespace

PlanRun run_plan(const ir::Graph& graph, std::span<const ir::Literal> inputs, const PlanOptions& options) {
  passes::FuseOptions how = options.limits;
  how.fuse = options.fuse;
  const passes::Fusion fusion = passes::fuse(graph, how);
  std::vector<passes::LoweredKernel> kernels;
  for (const passes::Cluster& cluster : fusion.clusters) {
    passes::LowerResult result =
        passes::lower({.graph = &graph, .in_memory = &fusion.in_memory, .layouts = nullptr}, cluster);
    if (!result.lowered) throw InternalError("cluster cannot be lowered: " + result.reason);
    loops::verify(result.lowered->kernel);
    passes::collapse(result.lowered->kernel);
    passes::schedule_cpu(result.lowered->kernel);
    kernels.push_back(std::move(*result.lowered));
  }
  passes::Plan plan = passes::plan(graph, kernels, how.spare);
  PlanRun run;
  run.plan = print(plan, kernels);
  kernels.insert(kernels.end(), plan.copies.begin(), plan.copies.end());
  kernels = passes::share_offsets(std::move(kernels));

  for (passes::LoweredKernel& kernel : kernels) {
    kernel.kernel = through_text(kernel.kernel);
    loops::verify(kernel.kernel);
  }
  run.results = passes::interpret(
      graph, kernels, plan, inputs,
      {.backwards = options.backwards, .check = options.races ? loops::Check::kRaces : loops::Check::kBounds});
  for (const passes::Step& step : plan.steps) run.kernels.push_back(kernels[step.kernel].kernel);
  return run;
}

}  // namespace sinter::test
