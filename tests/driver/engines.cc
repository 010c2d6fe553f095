#include "tests/driver/engines.h"

#include <algorithm>
#include <map>

#include "driver/compile.h"
#include "frontend/eager.h"
#include "passes/dead_code.h"
#include "passes/inline_calls.h"
#include "passes/pipeline.h"
#include "runtime/buffer.h"
#include "runtime/threads.h"
#include "tests/kernels/run_plan.h"
#include "tests/random_graph.h"

namespace sinter::test {
namespace {

using ir::Literal;

runtime::ThreadTeam& team_of(int workers) {
  static std::map<int, runtime::ThreadTeam> teams;
  return teams.try_emplace(workers, workers).first->second;
}

runtime::Buffer buffer_of(const Literal& literal) {
  runtime::Buffer buffer = runtime::Buffer::allocate(literal.bytes.size());
  std::ranges::copy(literal.bytes, buffer.data());
  return buffer;
}

std::vector<Literal> run_compiled_once(const driver::Executable& executable, const ir::Graph& graph,
                                       std::span<const Literal> inputs, int workers) {
  std::vector<runtime::Buffer> in, out;
  for (const Literal& input : inputs) in.push_back(buffer_of(input));
  std::vector<Literal> results;
  for (ir::Value result : graph.results) {
    results.push_back(Literal::zeros(graph.type(result)));
    out.push_back(runtime::Buffer::allocate(results.back().bytes.size()));
  }
  std::vector<bool> is_state(inputs.size());
  for (const ir::State& state : graph.states) {
    out[state.result] = in[state.parameter];
    is_state[state.parameter] = true;
  }
  std::vector<void*> in_memory, out_memory;
  for (const runtime::Buffer& buffer : in) in_memory.push_back(buffer.data());
  for (const runtime::Buffer& buffer : out) out_memory.push_back(buffer.data());
  for (const ir::State& state : graph.states) out_memory[state.result] = nullptr;
  executable.run(in_memory, out_memory, team_of(workers));
  for (size_t r = 0; r < out.size(); ++r) std::copy_n(out[r].data(), out[r].size(), results[r].bytes.data());
  for (size_t p = 0; p < in.size(); ++p)
    if (!is_state[p] && !std::ranges::equal(inputs[p].bytes, std::span(in[p].data(), in[p].size())))
      throw InternalError(fmt::format("input {} was overwritten", p));
  return results;
}

std::vector<Literal> run_compiled(const ir::Graph& graph, std::span<const Literal> inputs, const Way& way) {
  const runtime::GuardedMemoryScope guarded;
  const auto executable = driver::compile(graph, {.fuse = way.fuse, .isa = way.isa, .share_all = true});
  const std::vector<Literal> first = run_compiled_once(*executable, graph, inputs, way.workers);
  // Again, in the memory that the first run left behind.
  const std::vector<Literal> second = run_compiled_once(*executable, graph, inputs, way.workers);
  for (size_t r = 0; r < first.size(); ++r)
    if (!tests::same_bits(first[r], second[r]))
      throw InternalError(fmt::format("result {} changes from run to run", r));
  return first;
}

detail::Ref<detail::Impl> tensor_of(const Literal& literal) {
  detail::Ref<detail::Impl> tensor = detail::allocate(literal.type.dtype, Sizes(literal.type.shape));
  std::ranges::copy(literal.bytes, tensor->data());
  return tensor;
}

std::vector<Literal> run_dynamic(const ir::Graph& graph, std::span<const Literal> inputs) {
  std::vector<detail::Ref<detail::Impl>> values;
  size_t parameter = 0;
  for (const ir::Op& op : graph.ops()) {
    if (op.def->op_class == ir::OpClass::kParameter) {
      values.push_back(tensor_of(inputs[parameter++]));
      continue;
    }
    std::vector<detail::Ref<detail::Impl>> operands;
    for (ir::Value operand : op.operands) operands.push_back(values[operand.op]);
    values.push_back(detail::apply_eager(*op.def, op.attributes, operands));
  }
  std::vector<Literal> results;
  for (ir::Value result : graph.results) {
    results.push_back(Literal::zeros(graph.type(result)));
    const detail::Ref<detail::Impl> plain = detail::contiguous(values[result.op]);
    if (plain->dtype != results.back().type.dtype || !(plain->shape.shape() == results.back().type.shape))
      throw InternalError("the dynamic engine's result has another type than the graph's");
    std::copy_n(plain->data(), results.back().bytes.size(), results.back().bytes.data());
  }
  return results;
}

}  // namespace

std::string to_string(const Way& way) {
  constexpr const char* kEngines[] = {"interpreted", "compiled", "dynamic"};
  std::string text = kEngines[static_cast<size_t>(way.engine)];
  if (way.engine == Way::Engine::kDynamic) return text;
  text += way.fuse ? ", fused" : ", unfused";
  if (way.engine == Way::Engine::kCompiled) return text + fmt::format(", isa '{}', {} workers", way.isa, way.workers);
  return text + (way.passes ? "" : ", without graph passes") + (way.backwards ? ", phases backwards" : "");
}

std::vector<Literal> run(const ir::Graph& graph, std::span<const Literal> inputs, const Way& way) {
  if (way.engine == Way::Engine::kCompiled) return run_compiled(graph, inputs, way);
  ir::Graph plain = passes::inline_calls(graph).graph;
  if (way.engine == Way::Engine::kDynamic) return run_dynamic(plain, inputs);
  plain = way.passes ? passes::run_passes(passes::graph_pipeline(), std::move(plain)).graph
                     : passes::dead_code(plain).graph;
  return run_plan(plain, inputs, {.fuse = way.fuse, .backwards = way.backwards, .races = true}).results;
}

}  // namespace sinter::test
