#include "tests/kernels/run_plan.h"

#include <algorithm>

#include "ir/loops/interpret.h"
#include "ir/loops/text.h"
#include "passes/fuse/fuse.h"
#include "passes/lower/collapse.h"
#include "passes/plan/plan.h"
#include "passes/schedule/cpu.h"

namespace sinter::test {
namespace {

using passes::Place;

loops::Kernel through_text(const loops::Kernel& kernel) {
  const std::string text = loops::print(kernel, /*locations=*/true);
  std::vector<loops::Kernel> parsed = loops::parse(text);
  if (parsed.size() != 1 || loops::print(parsed[0], true) != text)
    throw InternalError("kernel text does not round-trip:\n" + text);
  return std::move(parsed[0]);
}

}  // namespace

PlanRun run_plan(const ir::Graph& graph, std::span<const ir::Literal> inputs, const PlanOptions& options) {
  const passes::Fusion fusion = passes::fuse(graph, {.fuse = options.fuse});
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
  passes::Plan plan = passes::plan(graph, kernels);
  PlanRun run;
  run.plan = print(plan, kernels);
  kernels.insert(kernels.end(), plan.copies.begin(), plan.copies.end());

  std::vector<std::byte> arena(plan.arena_bytes, std::byte{0xff});  // NaN where nothing was written
  std::vector<ir::Literal> in(inputs.begin(), inputs.end()), out, constants;
  for (ir::Value result : graph.results) out.push_back(ir::Literal::zeros(graph.type(result)));
  for (ir::Value value : plan.constants)
    constants.push_back(*std::get<ir::ConstantAttributes>(graph.op(value).attributes).value);
  const auto storage = [&](const Place& place) -> std::span<std::byte> {
    switch (place.kind) {
      case Place::Kind::kInput:
        return in[place.index].bytes;
      case Place::Kind::kOutput:
        return out[place.index].bytes;
      case Place::Kind::kConstant:
        return constants[place.index].bytes;
      case Place::Kind::kArena:
        break;
    }
    return std::span(arena).subspan(place.index, place.bytes);
  };
  std::vector<passes::Step> steps = plan.steps;
  if (options.backwards) {
    std::reverse(steps.begin(), steps.end());
    std::stable_sort(steps.begin(), steps.end(), [](const auto& a, const auto& b) { return a.phase < b.phase; });
  }
  for (const passes::Step& step : steps) {
    const loops::Kernel kernel = through_text(kernels[step.kernel].kernel);
    loops::verify(kernel);
    std::vector<std::span<std::byte>> buffers;
    for (const Place& place : step.places) buffers.push_back(storage(place));
    loops::interpret(kernel, buffers, {}, options.races ? loops::Check::kRaces : loops::Check::kBounds);
    run.kernels.push_back(kernel);
  }
  for (size_t r = 0; r < out.size(); ++r) {
    const int32_t input = plan.output_in_input[r];
    if (input >= 0) out[r].bytes = in[static_cast<size_t>(input)].bytes;
  }
  run.results = std::move(out);
  return run;
}

}  // namespace sinter::test
