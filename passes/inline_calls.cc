#include "passes/inline_calls.h"

#include "support/work.h"

namespace sinter::passes {
namespace {

constexpr size_t kMaxOperations = 10'000'000, kMaxCalls = 1'000'000;

// What the chain of calls above an operation adds to it.
struct Context {
  std::vector<Location> locations;
  std::string scope;
  uint32_t salt = 0;
  size_t* calls = nullptr;  // expanded so far
};

// The salt of an operation inside a salted one: its own if only it has any, the outer one if it has none.
uint32_t nested_salt(uint32_t outer, uint32_t own) {
  if (outer == 0 || own == 0) return outer + own;
  return outer * 0x9e3779b1 + own;
}

Context inside(const Context& outer, const ir::Op& op) {
  Context inner{ir::unite(outer.locations, op.locations), outer.scope, nested_salt(outer.salt, op.salt), outer.calls};
  if (!op.scope.empty()) inner.scope += (inner.scope.empty() ? "" : "/") + op.scope;
  return inner;
}

// Appends the callee's operations; its results as values of the new graph.
std::vector<ir::Value> expand(ir::Rewriter& out, const ir::Graph& callee, const std::vector<ir::Value>& arguments,
                              const Context& context) {
  if (++*context.calls > kMaxCalls)
    throw GraphError(fmt::format("inline_calls: @{} is one of more than {} calls", callee.name, kMaxCalls));
  std::vector<std::vector<ir::Value>> map(callee.ops().size());
  const auto at = [&](ir::Value value) { return map[value.op][value.result]; };
  for (size_t i = 0; i < arguments.size(); ++i) map[callee.parameters()[i].value.op] = {arguments[i]};
  for (uint32_t i = 0; i < callee.ops().size(); ++i) {
    const ir::Op& op = callee.ops()[i];
    count_work();
    if (op.def->op_class == ir::OpClass::kParameter) continue;
    const Context inner = inside(context, op);
    std::vector<ir::Value> operands;
    for (ir::Value operand : op.operands) operands.push_back(at(operand));
    if (const auto* call = std::get_if<ir::CallAttributes>(&op.attributes)) {
      map[i] = expand(out, *call->callee, operands, inner);
      continue;
    }
    ir::Op made = op;
    made.operands = std::move(operands);
    made.locations = inner.locations;
    made.scope = inner.scope;
    made.salt = inner.salt;
    const ir::Value first = out.append(std::move(made));
    if (first.op > kMaxOperations)
      throw GraphError(fmt::format("inline_calls: calls expand to more than {} operations", kMaxOperations));
    for (uint32_t result = 0; result < op.types.size(); ++result) map[i].push_back({first.op, result});
  }
  std::vector<ir::Value> results;
  for (ir::Value result : callee.results) results.push_back(at(result));
  return results;
}

}  // namespace

ir::Rewritten inline_calls(const ir::Graph& graph) {
  ir::Rewriter out(graph);
  size_t calls = 0;
  for (uint32_t i = 0; i < graph.ops().size(); ++i) {
    const ir::Op& op = graph.ops()[i];
    const auto* call = std::get_if<ir::CallAttributes>(&op.attributes);
    if (call == nullptr) {
      out.copy(op, {i, 0});
      continue;
    }
    const std::vector<ir::Value> results =
        expand(out, *call->callee, out.at(op.operands), inside({.calls = &calls}, op));
    for (uint32_t result = 0; result < results.size(); ++result) out.replace({i, result}, results[result]);
    out.mark_changed();  // also when the callee has no results
  }
  return std::move(out).finish();
}

}  // namespace sinter::passes
