#include "passes/simplify.h"

#include "passes/simplify_rules.h"
#include "support/work.h"

namespace sinter::passes {
namespace {

using ir::Value;

constexpr int kMaxDepth = 32;  // of rules that build what other rules simplify

// Builds operations in their simplest form.
class SimplifyingBuilder : public ir::Builder {
 public:
  SimplifyingBuilder(const ir::Graph& graph, ir::GraphBuilder builder) : graph_(graph), builder_(std::move(builder)) {}
  using Builder::add;

  Value add(const ir::OpDef& def, ir::Attributes attributes, std::span<const Value> operands) override {
    std::vector<ir::Type> types;
    for (Value operand : operands) types.push_back(graph_.type(operand));
    const ir::Type result = def.infer(def, attributes, types).at(0);
    if (const auto simpler = simplified({graph_, *this, def, attributes, operands, result})) return *simpler;
    return builder_.add(def, std::move(attributes), operands);
  }
  [[nodiscard]] const ir::Type& type(Value value) const override { return graph_.type(value); }

  // What stands for the operation, if a rule fits.
  std::optional<Value> simplified(const Subject& subject) {
    if (depth_ == kMaxDepth) return std::nullopt;
    count_work(1 + subject.operands.size());
    ++depth_;
    std::optional<Value> found = apply_patterns(subject);
    for (const std::span<const Rule> rules : {scalar_rules(), view_rules(), fold_rules()})
      for (const Rule& rule : rules)
        if (!found) found = rule.apply(subject);
    --depth_;
    invariant(!found || graph_.type(*found) == subject.type, "a simplification keeps the type");
    return found;
  }

 private:
  const ir::Graph& graph_;
  ir::GraphBuilder builder_;
  int depth_ = 0;
};

}  // namespace

ir::Rewritten simplify(const ir::Graph& graph) {
  ir::Rewriter out(graph);
  for (uint32_t i = 0; i < graph.ops().size(); ++i) {
    const ir::Op& op = graph.ops()[i];
    std::optional<Value> simpler;
    if (op.types.size() == 1 && op.def->op_class != ir::OpClass::kParameter) {
      const std::vector<Value> operands = out.at(op.operands);
      SimplifyingBuilder builder(out.graph(), out.builder(op));
      simpler = builder.simplified({out.graph(), builder, *op.def, op.attributes, operands, op.types[0]});
    }
    if (simpler)
      out.replace({i, 0}, *simpler);
    else
      out.copy(op, {i, 0});
  }
  return std::move(out).finish();
}

}  // namespace sinter::passes
