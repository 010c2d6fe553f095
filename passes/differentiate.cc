#include "passes/differentiate.h"

#include <algorithm>
#include <map>
#include <ranges>

#include "support/work.h"

namespace sinter::passes {
namespace {

using ir::Value;
using Gradient = std::optional<Value>;

bool carries_gradient(const ir::Graph& graph, Value value) { return is_float(graph.type(value).dtype); }

// The operations that `of` depends on through derivatives and that depend on one of `sources` so; ascending.
std::vector<uint32_t> find_varied(const ir::Graph& graph, Value of, const std::vector<bool>& sources) {
  std::vector<bool> seen(of.op + 1, false), varied(of.op + 1, false);
  std::vector<uint32_t> order, stack{of.op};
  seen[of.op] = true;
  const auto each_operand = [&](uint32_t index, auto&& visit) {
    const ir::Op& op = graph.ops()[index];
    if (op.def->vjp == nullptr) return;
    for (const Value operand : op.operands)
      if (carries_gradient(graph, operand)) visit(operand.op);
  };
  while (!stack.empty()) {
    const uint32_t index = stack.back();
    stack.pop_back();
    order.push_back(index);
    count_work(1 + graph.ops()[index].operands.size());
    each_operand(index, [&](uint32_t operand) {
      if (!seen[operand]) stack.push_back(operand);
      seen[operand] = true;
    });
  }
  std::ranges::sort(order);
  std::erase_if(order, [&](uint32_t index) {
    varied[index] = sources[index];
    each_operand(index, [&](uint32_t operand) { varied[index] = varied[index] || varied[operand]; });
    return !varied[index];
  });
  return order;
}

class Differentiation {
 public:
  Differentiation(ir::Graph& graph, const GradientRequest& request)
      : graph_(graph), request_(request), varied_(request.of.op + 1, false) {
    std::vector<bool> sources(request.of.op + 1, false);
    const auto add_source = [&](Value value) {
      if (value.op <= request.of.op && carries_gradient(graph, value)) sources[value.op] = true;
    };
    std::ranges::for_each(request.values, add_source);
    for (size_t leaf = 0; leaf < request.leaves.size(); ++leaf) {
      for (const Value version : request.leaves[leaf]) {
        add_source(version);
        leaf_of_.emplace(version, leaf);
      }
    }
    order_ = find_varied(graph, request.of, sources);
    for (const uint32_t index : order_) varied_[index] = true;
  }

  [[nodiscard]] bool varied(Value value) const { return varied_[value.op] && carries_gradient(graph_, value); }

  void run(Value seed) {
    for (const auto& [to, cotangent] : request_.earlier) contribute(to, cotangent);
    contribute(request_.of, seed);
    for (const uint32_t index : std::views::reverse(order_)) visit(index);
    for (const auto& [to, cotangent] : request_.earlier)  // reached from elsewhere alone
      if (!totals_.contains(to)) totals_[to] = cotangent;
    for (const size_t leaf : arrivals_) {
      ir::GraphBuilder builder(graph_);
      leaf_totals_[leaf] = added(builder, at_leaves_[leaf]);
    }
  }

  [[nodiscard]] GradientResult result() const {
    GradientResult made;
    for (const Value value : request_.values) {
      const auto at = totals_.find(value);
      made.values.push_back(at == totals_.end() ? std::nullopt : Gradient(at->second));
    }
    made.leaves.resize(request_.leaves.size());
    for (const auto& [leaf, total] : leaf_totals_) made.leaves[leaf] = total;
    made.arrivals = arrivals_;
    return made;
  }

 private:
  void contribute(Value to, Value cotangent) {
    const auto leaf = leaf_of_.find(to);
    if (leaf == leaf_of_.end()) {
      contributions_[to].push_back(cotangent);
      return;
    }
    std::vector<Value>& sum = at_leaves_[leaf->second];
    if (sum.empty()) arrivals_.push_back(leaf->second);
    sum.push_back(cotangent);
  }

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
    const bool leads_on = std::ranges::any_of(op.operands, [&](Value operand) { return varied(operand); });
    if (op.def->vjp == nullptr || !leads_on) return;
    if (request_.before) request_.before(index);
    const ir::MaybeValues flows = op.def->vjp(builder, *op.def, op.attributes, op.operands, results, cotangents);
    invariant(flows.empty() || flows.size() == op.operands.size(), "a derivative rule gives one cotangent an operand");
    for (size_t i = 0; i < flows.size(); ++i) {
      if (!flows[i] || !varied(op.operands[i])) continue;
      invariant(graph_.type(*flows[i]) == graph_.type(op.operands[i]), "a cotangent has its operand's type");
      contribute(op.operands[i], *flows[i]);
    }
  }

  Gradient total(ir::Builder& builder, Value value) {
    const auto at = contributions_.find(value);
    if (at == contributions_.end()) return std::nullopt;
    return totals_[value] = added(builder, at->second);
  }
  static Value added(ir::Builder& builder, const std::vector<Value>& contributions) {
    Value sum = contributions.front();
    for (size_t i = 1; i < contributions.size(); ++i) sum = ir::elementwise(builder, "add", {sum, contributions[i]});
    return sum;
  }

  ir::Graph& graph_;
  const GradientRequest& request_;
  std::vector<uint32_t> order_;  // operations to visit, ascending
  std::vector<bool> varied_;
  std::map<Value, size_t> leaf_of_;
  std::map<Value, std::vector<Value>> contributions_;  // in the order that `differentiate` states
  std::map<Value, Value> totals_;
  std::map<size_t, std::vector<Value>> at_leaves_;
  std::map<size_t, Value> leaf_totals_;
  std::vector<size_t> arrivals_;
};

}  // namespace

GradientResult differentiate(ir::Graph& graph, const GradientRequest& request) {
  const ir::Type type = graph.type(request.of);
  if (!is_float(type.dtype))
    throw GraphError(fmt::format("differentiate: the value has type {}, expected a float", to_string(type)));
  if (!request.seed && type.shape.rank() != 0)
    throw GraphError(fmt::format("differentiate: the value has type {}, expected a scalar", to_string(type)),
                     "reduce it, or give a seed");
  if (request.seed && graph.type(*request.seed) != type)
    throw GraphError(fmt::format("differentiate: the seed has type {}, expected {}",
                                 to_string(graph.type(*request.seed)), to_string(type)));
  Differentiation differentiation(graph, request);
  if (differentiation.varied(request.of)) {
    std::optional<Value> seed = request.seed;
    if (!seed) {
      ir::GraphBuilder builder(graph);
      builder.locations = graph.op(request.of).locations;
      builder.scope = graph.op(request.of).scope;
      seed = ir::scalar(builder, 1, type.dtype);
    }
    differentiation.run(*seed);
  }
  return differentiation.result();
}

std::vector<Gradient> differentiate(ir::Graph& graph, Value of, std::span<const Value> with_respect_to,
                                    std::optional<Value> seed, std::span<const std::pair<Value, Value>> earlier) {
  return differentiate(graph, {.of = of, .seed = seed, .values = with_respect_to, .earlier = earlier}).values;
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
