// The invariants of a graph, checked one operation after the other.
#include <algorithm>

#include "ir/graph/text.h"

namespace sinter::ir {
namespace {

// Throws with the operation at `index`, those around it and those it reads.
[[noreturn]] void fail(const Graph& graph, size_t index, const std::string& problem) {
  constexpr size_t kAround = 3;
  std::string text = fmt::format("graph @{} is invalid: {}", graph.name, problem);
  const size_t count = graph.ops().size();
  std::vector<size_t> shown;
  if (index < count)
    for (Value operand : graph.ops()[index].operands)
      if (operand.op < count) shown.push_back(operand.op);
  for (size_t i = index - std::min(index, kAround); i < std::min(count, index + kAround + 1); ++i) shown.push_back(i);
  std::sort(shown.begin(), shown.end());
  shown.erase(std::unique(shown.begin(), shown.end()), shown.end());
  for (size_t i : shown) {
    const bool printable = graph.ops()[i].def != nullptr;
    text += fmt::format("\n  {} {}", i == index ? ">" : " ",
                        printable ? print_op(graph, {static_cast<uint32_t>(i), 0}) : "<no def>");
  }
  throw InternalError(text);
}

void check_operation(const Graph& graph, size_t index) {
  const Op& op = graph.ops()[index];
  if (op.def == nullptr) fail(graph, index, "an operation has no definition");
  const std::string_view name = op.def->name;
  if (op.attributes.index() != op.def->attributes.index())
    fail(graph, index, fmt::format("{} has the attributes of another operation", name));
  if (const auto* constant = std::get_if<ConstantAttributes>(&op.attributes)) {
    if (constant->value == nullptr) fail(graph, index, "a constant has no value");
    const Type& type = constant->value->type;
    if (!type.shape.is_static() ||
        constant->value->bytes.size() != static_cast<size_t>(type.shape.numel()) * size_of(type.dtype))
      fail(graph, index, "a constant's bytes do not fit its type");
  }
  if (const auto* call = std::get_if<CallAttributes>(&op.attributes); call != nullptr && call->callee == nullptr)
    fail(graph, index, "a call has no callee");
  if (op.def->arity >= 0 && op.operands.size() != static_cast<size_t>(op.def->arity))
    fail(graph, index, fmt::format("{} has {} operands, expected {}", name, op.operands.size(), op.def->arity));
  std::vector<Type> operand_types;
  for (size_t i = 0; i < op.operands.size(); ++i) {
    const Value operand = op.operands[i];
    if (operand.op >= index) fail(graph, index, fmt::format("operand {} of {} does not come before it", i + 1, name));
    if (operand.result >= graph.op(operand).types.size())
      fail(graph, index, fmt::format("operand {} of {} is no result of its operation", i + 1, name));
    operand_types.push_back(graph.type(operand));
  }
  std::vector<Type> types;
  try {
    types = op.def->infer(*op.def, op.attributes, operand_types);
  } catch (const Error& error) {
    fail(graph, index, error.what());
  }
  if (types != op.types) {
    std::string inferred;
    for (const Type& type : types) inferred += (inferred.empty() ? "" : ", ") + to_string(type);
    fail(graph, index, fmt::format("{} should have the result types ({})", name, inferred));
  }
  if (!std::is_sorted(op.locations.begin(), op.locations.end()) ||
      std::adjacent_find(op.locations.begin(), op.locations.end()) != op.locations.end())
    fail(graph, index, fmt::format("the locations of {} are not sorted, or not unique", name));
}

void check_parameters(const Graph& graph) {
  const std::vector<Parameter>& parameters = graph.parameters();
  size_t next = 0;
  for (size_t i = 0; i < graph.ops().size(); ++i) {
    if (graph.ops()[i].def->op_class != OpClass::kParameter) continue;
    if (next >= parameters.size() || parameters[next].value != Value{static_cast<uint32_t>(i), 0})
      fail(graph, i, "a parameter operation is missing in the list of parameters, or out of order there");
    ++next;
  }
  if (next != parameters.size())
    fail(graph, graph.ops().size(), "the list of parameters names an operation that is no parameter");
}

void check_results(const Graph& graph) {
  const size_t end = graph.ops().size();
  for (size_t i = 0; i < graph.results.size(); ++i) {
    const Value result = graph.results[i];
    if (result.op >= end || result.result >= graph.op(result).types.size())
      fail(graph, end, fmt::format("result {} does not exist", i + 1));
  }
  std::vector<size_t> updated, updating;
  for (const State& state : graph.states) {
    if (state.parameter >= graph.parameters().size() || state.result >= graph.results.size())
      fail(graph, end, "a state names a parameter or a result that does not exist");
    const Value parameter = graph.parameters()[state.parameter].value, result = graph.results[state.result];
    if (graph.type(parameter) != graph.type(result))
      fail(graph, parameter.op,
           fmt::format("the state %{} is updated by a {}", graph.parameters()[state.parameter].name,
                       to_string(graph.type(result))));
    updated.push_back(state.parameter);
    updating.push_back(state.result);
  }
  for (std::vector<size_t>* each : {&updated, &updating}) {
    std::sort(each->begin(), each->end());
    if (std::adjacent_find(each->begin(), each->end()) != each->end())
      fail(graph, end, "a parameter or a result belongs to two states");
  }
}

}  // namespace

void verify(const Graph& graph) {
  for (const Graph* each : callees_first(graph)) {
    for (size_t i = 0; i < each->ops().size(); ++i) check_operation(*each, i);
    check_parameters(*each);
    check_results(*each);
  }
}

}  // namespace sinter::ir
