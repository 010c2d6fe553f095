#include "passes/value_numbering.h"

#include <algorithm>
#include <unordered_map>

#include "ir/graph/row.h"
#include "support/work.h"

namespace sinter::passes {
namespace {

struct OpKey {
  const ir::OpDef* def;
  const ir::Attributes* attributes;  // of the old graph, which outlives the pass
  std::vector<ir::Value> operands;   // of the new graph
  uint32_t salt;
  bool operator==(const OpKey& other) const {
    count_work();
    return def == other.def && salt == other.salt && operands == other.operands && *attributes == *other.attributes;
  }
};

struct OpKeyHash {
  size_t operator()(const OpKey& key) const {
    size_t hash = ir::hash(*key.attributes) ^ std::hash<const void*>()(key.def) ^ key.salt;
    for (ir::Value operand : key.operands)
      hash = hash * 0x9e3779b97f4a7c15 + (size_t{operand.op} << 4) + operand.result;
    return hash;
  }
};

OpKey key_of(const ir::Op& op, std::vector<ir::Value> operands) {
  if (op.def->row != nullptr && (op.def->row->traits & ir::kCommutative) != 0)
    std::sort(operands.begin(), operands.end());
  return {op.def, &op.attributes, std::move(operands), op.salt};
}

}  // namespace

ir::Rewritten value_numbering(const ir::Graph& graph) {
  ir::Rewriter out(graph);
  std::unordered_map<OpKey, uint32_t, OpKeyHash> seen;  // operation of the new graph
  for (uint32_t i = 0; i < graph.ops().size(); ++i) {
    const ir::Op& op = graph.ops()[i];
    if (op.def->op_class == ir::OpClass::kParameter) continue;
    count_work(1 + op.operands.size());
    const auto [at, fresh] = seen.try_emplace(key_of(op, out.at(op.operands)));
    if (fresh) {
      at->second = out.copy(op, {i, 0}).op;
    } else {
      for (uint32_t result = 0; result < op.types.size(); ++result) out.replace({i, result}, {at->second, result});
    }
  }
  return std::move(out).finish();
}

}  // namespace sinter::passes
