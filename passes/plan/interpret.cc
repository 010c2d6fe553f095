#include "passes/plan/interpret.h"

#include <algorithm>

namespace sinter::passes {

std::vector<ir::Literal> interpret(const ir::Graph& graph, std::span<const LoweredKernel> kernels, const Plan& plan,
                                   std::span<const ir::Literal> inputs, const InterpretOptions& options) {
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
  std::vector<Step> steps = plan.steps;
  if (options.backwards) {
    std::reverse(steps.begin(), steps.end());
    std::stable_sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.phase < b.phase; });
  }
  for (const Step& step : steps) {
    std::vector<std::span<std::byte>> buffers;
    buffers.reserve(step.places.size());
    for (const Place& place : step.places) buffers.push_back(storage(place));
    const LoweredKernel& lowered = kernels[step.kernel];
    loops::interpret(lowered.kernel, buffers, lowered.symbols, options.check);
  }
  for (size_t r = 0; r < out.size(); ++r)
    if (plan.output_in_input[r] >= 0) out[r].bytes = in[static_cast<size_t>(plan.output_in_input[r])].bytes;
  return out;
}

}  // namespace sinter::passes
