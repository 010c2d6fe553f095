// Greedy delta debugging over graphs.
#include "ir/graph/rewriter.h"
#include "passes/dead_code.h"
#include "tests/random_graph.h"

namespace sinter::tests {
namespace {

using ir::Graph;
using ir::Value;

// The graph without dead operations and unread parameters.
Graph tidy(const Graph& graph) {
  Graph live = passes::dead_code(graph).graph;
  std::vector<bool> read(live.ops().size(), false);
  for (const ir::Op& op : live)
    for (Value operand : op.operands) read[operand.op] = true;
  for (Value result : live.results) read[result.op] = true;
  for (const ir::State& state : live.states) read[live.parameters()[state.parameter].value.op] = true;

  Graph out;
  out.name = live.name;
  std::vector<uint32_t> map(live.ops().size());
  std::vector<size_t> parameter_map;
  for (const ir::Parameter& parameter : live.parameters()) {
    parameter_map.push_back(out.parameters().size());
    if (read[parameter.value.op])
      map[parameter.value.op] = out.add_parameter(live.type(parameter.value), parameter.name).op;
  }
  for (size_t i = 0; i < live.ops().size(); ++i) {
    ir::Op op = live.ops()[i];
    if (op.def->op_class == ir::OpClass::kParameter) continue;
    for (Value& operand : op.operands) operand.op = map[operand.op];
    map[i] = out.append(std::move(op)).op;
  }
  for (Value result : live.results) out.results.push_back({map[result.op], result.result});
  for (ir::State state : live.states) out.states.push_back({parameter_map[state.parameter], state.result});
  return out;
}

Graph without_result(Graph graph, size_t gone) {
  graph.results.erase(graph.results.begin() + static_cast<ptrdiff_t>(gone));
  std::erase_if(graph.states, [&](const ir::State& state) { return state.result == gone; });
  for (ir::State& state : graph.states)
    if (state.result > gone) --state.result;
  return tidy(graph);
}

Graph with_only_result(Graph graph, Value value) {
  graph.results = {value};
  graph.states.clear();
  return tidy(graph);
}

// Every use of `old` reads `with` instead, which comes before it.
Graph with_replaced(const Graph& graph, Value old, Value with) {
  ir::Rewriter out(graph);
  for (uint32_t i = 0; i < graph.ops().size(); ++i) {
    if (i == old.op)
      out.replace(old, out.at(with));
    else
      out.copy(graph.ops()[i], {i, 0});
  }
  return tidy(std::move(out).finish().graph);
}

// `old` becomes a parameter.
Graph with_parameter(const Graph& graph, Value old) {
  Graph wider;
  wider.name = graph.name;
  wider.states = graph.states;
  std::vector<uint32_t> map(graph.ops().size());
  for (const ir::Parameter& parameter : graph.parameters())
    map[parameter.value.op] = wider.add_parameter(graph.type(parameter.value), parameter.name).op;
  map[old.op] = wider.add_parameter(graph.type(old), fmt::format("was{}", old.op)).op;
  for (size_t i = 0; i < graph.ops().size(); ++i) {
    ir::Op op = graph.ops()[i];
    if (op.def->op_class == ir::OpClass::kParameter || i == old.op) continue;
    for (Value& operand : op.operands) operand.op = map[operand.op];
    map[i] = wider.append(std::move(op)).op;
  }
  for (Value result : graph.results) wider.results.push_back({map[result.op], result.result});
  return tidy(wider);
}

// All graphs one step smaller, largest steps first.
std::vector<Graph> smaller(const Graph& graph) {
  std::vector<Graph> found;
  for (uint32_t i = 0; i < graph.ops().size(); ++i)
    for (uint32_t result = 0; result < graph.ops()[i].types.size(); ++result)
      found.push_back(with_only_result(graph, {i, result}));
  for (size_t i = 0; graph.results.size() > 1 && i < graph.results.size(); ++i)
    found.push_back(without_result(graph, i));
  for (uint32_t i = static_cast<uint32_t>(graph.ops().size()); i-- > 0;) {
    const ir::Op& op = graph.ops()[i];
    if (op.def->op_class == ir::OpClass::kParameter || op.types.size() != 1) continue;
    for (Value operand : op.operands)
      if (graph.type(operand) == op.types[0]) found.push_back(with_replaced(graph, {i, 0}, operand));
    if (op.def->op_class != ir::OpClass::kConstant) found.push_back(with_parameter(graph, {i, 0}));
  }
  return found;
}

size_t weight(const Graph& graph) {
  return 4 * (graph.ops().size() - graph.parameters().size()) + graph.parameters().size() + graph.results.size();
}

}  // namespace

Graph shrink(Graph graph, const std::function<bool(const Graph&)>& fails) {
  for (bool progress = true; progress;) {
    progress = false;
    for (Graph& candidate : smaller(graph)) {
      if (weight(candidate) >= weight(graph) || !fails(candidate)) continue;
      graph = std::move(candidate);
      progress = true;
      break;
    }
  }
  return graph;
}

}  // namespace sinter::tests
