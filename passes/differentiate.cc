#include "passes/differentiate.h"

#include <map>

namespace sinter::passes {
namespace {

using ir::Value;
using Gradient = std::optional<Value>;

bool carries_gradient(const ir::Graph& graph, Value value) { return is_float(graph.type(value).dtype); }

// Which operations up to `last` have a result that depends on one of `with_respect_to` through operations with a
// derivative.
std::vector<bool> find_varied(const ir::Graph& graph, std::span<const Value> with_respect_to, uint32_t last) {
  std::vector<bool> varied(last + 1, false);
  for (Value value : with_respect_to)
    if (value.op <= last && carries_gradient(graph, value)) varied[value.op] = true;
  for (uint32_t i = 0; i <= last; ++i) {
    const ir::Op& op = graph.ops()[i];
    const bool opaque = op.def->vjp == nullptr;
    for (size_t k = 0; k < op.operands.size() && !varied[i] && !opaque; ++k)
      varied[i] = varied[op.operands[k].op] && carries_gradient(graph, op.operands[k]);
  }
  return varied;
}

class Differentiation {
 public:
  Differentiation(ir::Graph& graph, std::span<const Value> with_respect_to, Value of)
      : graph_(graph), varied_(find_varied(graph, with_respect_to, of.op)) {}

  [[nodiscard]] bool varied(Value value) const { return varied_[value.op] && carries_gradient(graph_, value); }
  void contribute(Value to, Value cotangent) { contributions_[to].push_back(cotangent); }

  // Adds up what has reached the operation's results, and hands it on to its operands.
  void visit(uint32_t index) {
    const ir::Op op = graph_.ops()[index];  // a copy: the graph grows
    ir::GraphBuilder builder(graph_);
    builder.locations = op.locations;
    builder.scope = op.scope;
    std::vector<Value> results;
    std::vector<Gradient> cotangents;
    bool reached = false;
    for (uint32_t i = 0; i < op.types.size(); ++i) {
      results.push_back({index, i});
      cotangents.push_back(total(builder, {index, i}));
      reached |= cotangents.back().has_value();
    }
    if (!reached) return;
    if (op.def->op_class == ir::OpClass::kCall)
      throw GraphError(fmt::format("a call of @{} cannot be differentiated",
                                   std::get<ir::CallAttributes>(op.attributes).callee->name),
                       "inline the calls first (pass inline_calls)");
    if (op.def->vjp == nullptr) return;
    const ir::MaybeValues flows = op.def->vjp(builder, *op.def, op.attributes, op.operands, results, cotangents);
    invariant(flows.empty() || flows.size() == op.operands.size(), "a derivative rule gives one cotangent an operand");
    for (size_t i = 0; i < flows.size(); ++i) {
      if (!flows[i] || !varied(op.operands[i])) continue;
      invariant(graph_.type(*flows[i]) == graph_.type(op.operands[i]), "a cotangent has its operand's type");
      contribute(op.operands[i], *flows[i]);
    }
  }

  [[nodiscard]] Gradient gradient(Value value) const {
    const auto at = totals_.find(value);
    return at == totals_.end() ? std::nullopt : Gradient(at->second);
  }

 private:
  Gradient total(ir::Builder& builder, Value value) {
    const auto at = contributions_.find(value);
    if (at == contributions_.end()) return std::nullopt;
    Value sum = at->second.front();
    for (size_t i = 1; i < at->second.size(); ++i) sum = ir::elementwise(builder, "add", {sum, at->second[i]});
    totals_[value] = sum;
    return sum;
  }

  ir::Graph& graph_;
  std::vector<bool> varied_;
  std::map<Value, std::vector<Value>> contributions_;  // in the order that `differentiate` states
  std::map<Value, Value> totals_;
};

}  // namespace

std::vector<Gradient> differentiate(ir::Graph& graph, Value of, std::span<const Value> with_respect_to,
                                    std::optional<Value> seed, std::span<const std::pair<Value, Value>> earlier) {
  const ir::Type type = graph.type(of);
  if (!is_float(type.dtype))
    throw GraphError(fmt::format("differentiate: the value has type {}, expected a float", to_string(type)));
  if (!seed && type.shape.rank() != 0)
    throw GraphError(fmt::format("differentiate: the value has type {}, expected a scalar", to_string(type)),
                     "reduce it, or give a seed");
  if (seed && graph.type(*seed) != type)
    throw GraphError(
        fmt::format("differentiate: the seed has type {}, expected {}", to_string(graph.type(*seed)), to_string(type)));

  std::vector<Gradient> gradients(with_respect_to.size());
  Differentiation differentiation(graph, with_respect_to, of);
  if (!differentiation.varied(of)) return gradients;
  if (!seed) {
    ir::GraphBuilder builder(graph);
    builder.locations = graph.op(of).locations;
    builder.scope = graph.op(of).scope;
    seed = ir::scalar(builder, 1, type.dtype);
  }
  for (const auto& [to, cotangent] : earlier) differentiation.contribute(to, cotangent);
  differentiation.contribute(of, *seed);
  for (uint32_t i = of.op + 1; i-- > 0;) differentiation.visit(i);
  for (size_t i = 0; i < gradients.size(); ++i) gradients[i] = differentiation.gradient(with_respect_to[i]);
  return gradients;
}

ir::Rewritten differentiate_first_result(const ir::Graph& graph) {
  if (graph.results.empty()) throw GraphError("differentiate: the graph has no result");
  ir::Graph joint = graph;
  std::vector<Value> parameters;
  for (const ir::Parameter& parameter : graph.parameters())
    if (carries_gradient(graph, parameter.value)) parameters.push_back(parameter.value);
  const std::vector<Gradient> gradients = differentiate(joint, joint.results[0], parameters);
  ir::GraphBuilder builder(joint);
  for (size_t i = 0; i < parameters.size(); ++i)
    joint.results.push_back(gradients[i] ? *gradients[i] : ir::full(builder, 0, ir::Type(joint.type(parameters[i]))));
  return {std::move(joint), !parameters.empty()};
}

}  // namespace sinter::passes
