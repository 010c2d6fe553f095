#include "tests/driver/engines.h"

#include <algorithm>
#include <map>

#include "driver/compile.h"
#include "frontend/eager.h"
#include "frontend/transfer.h"
#include "passes/dead_code.h"
#include "passes/inline_calls.h"
#include "passes/pipeline.h"
#include "runtime/buffer.h"
#include "runtime/device_memory.h"
#include "runtime/threads.h"
#include "tests/kernels/run_plan.h"
#include "tests/literal_tensors.h"
#include "tests/random_graph.h"

namespace sinter::test {
namespace {

using ir::Literal;

runtime::ThreadTeam& team_of(int workers) {
  static std::map<int, runtime::ThreadTeam> teams;
  return teams.try_emplace(workers, workers).first->second;
}

runtime::Buffer buffer_of(const Literal& literal, Device device) {
  runtime::Buffer buffer = runtime::allocate_on(device, literal.bytes.size());
  runtime::copy_bytes(buffer.data(), device, literal.bytes.data(), {}, literal.bytes.size());
  return buffer;
}

std::vector<std::byte> bytes_of(const void* memory, Device device, size_t count) {
  std::vector<std::byte> bytes(count);
  runtime::copy_bytes(bytes.data(), {}, memory, device, count);
  return bytes;
}

std::vector<Literal> run_compiled_once(const driver::Executable& executable, const ir::Graph& graph,
                                       std::span<const Literal> inputs, const Way& way) {
  std::vector<runtime::Buffer> in, out;
  for (const Literal& input : inputs) in.push_back(buffer_of(input, way.device));
  std::vector<Literal> results;
  for (ir::Value result : graph.results) {
    results.push_back(Literal::zeros(graph.type(result)));
    out.push_back(runtime::allocate_on(way.device, results.back().bytes.size()));
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
  executable.run(in_memory, out_memory, team_of(way.workers));
  for (size_t r = 0; r < out.size(); ++r) results[r].bytes = bytes_of(out[r].data(), way.device, out[r].size());
  for (size_t p = 0; p < in.size(); ++p)
    if (!is_state[p] && inputs[p].bytes != bytes_of(in[p].data(), way.device, in[p].size()))
      throw InternalError(fmt::format("input {} was overwritten", p));
  return results;
}

std::vector<Literal> run_compiled(const ir::Graph& graph, std::span<const Literal> inputs, const Way& way) {
  const runtime::GuardedMemoryScope guarded;
  const auto executable =
      driver::compile(graph, {.fuse = way.fuse, .isa = way.isa, .share_all = true, .device = way.device});
  const std::vector<Literal> first = run_compiled_once(*executable, graph, inputs, way);
  // Again, in the memory that the first run left behind.
  const std::vector<Literal> second = run_compiled_once(*executable, graph, inputs, way);
  for (size_t r = 0; r < first.size(); ++r)
    if (!tests::same_bits(first[r], second[r]))
      throw InternalError(fmt::format("result {} changes from run to run", r));
  return first;
}

std::vector<Literal> run_dynamic(const ir::Graph& graph, std::span<const Literal> inputs, const Way& way) {
  std::vector<detail::Ref<detail::Impl>> values;
  size_t parameter = 0;
  for (const ir::Op& op : graph.ops()) {
    if (op.def->op_class == ir::OpClass::kParameter) {
      values.push_back(tests::tensor_of(inputs[parameter++], way.device, way.layout).impl());
      continue;
    }
    std::vector<detail::Ref<detail::Impl>> operands;
    for (ir::Value operand : op.operands) operands.push_back(values[operand.op]);
    values.push_back(detail::apply_eager(*op.def, op.attributes, operands));
    if (operands.empty()) values.back() = detail::on_device(values.back(), way.device);  // constants
  }
  std::vector<Literal> results;
  for (ir::Value result : graph.results) {
    results.push_back(tests::literal_of(Tensor(values[result.op])));
    if (results.back().type != graph.type(result))
      throw InternalError("the dynamic engine's result has another type than the graph's");
  }
  return results;
}

}  // namespace

std::string to_string(const Way& way) {
  constexpr const char* kEngines[] = {"interpreted", "compiled", "dynamic"};
  std::string text = kEngines[static_cast<size_t>(way.engine)];
  if (!way.device.is_cpu()) text += " on " + sinter::to_string(way.device);
  if (way.engine == Way::Engine::kDynamic) return text + (way.layout != 0 ? ", inputs strided" : "");
  text += way.fuse ? ", fused" : ", unfused";
  if (way.engine == Way::Engine::kCompiled) return text + fmt::format(", isa '{}', {} workers", way.isa, way.workers);
  return text + (way.passes ? "" : ", without graph passes") + (way.backwards ? ", phases backwards" : "");
}

std::vector<Literal> run(const ir::Graph& graph, std::span<const Literal> inputs, const Way& way) {
  if (way.engine == Way::Engine::kCompiled) return run_compiled(graph, inputs, way);
  ir::Graph plain = passes::inline_calls(graph).graph;
  if (way.engine == Way::Engine::kDynamic) return run_dynamic(plain, inputs, way);
  plain = way.passes ? passes::run_passes(passes::graph_pipeline(), std::move(plain)).graph
                     : passes::dead_code(plain).graph;
  return run_plan(plain, inputs, {.fuse = way.fuse, .backwards = way.backwards, .races = true}).results;
}

}  // namespace sinter::test
