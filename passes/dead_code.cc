#include "passes/dead_code.h"

#include "support/work.h"

namespace sinter::passes {

ir::Rewritten dead_code(const ir::Graph& graph) {
  std::vector<bool> needed(graph.ops().size(), false);
  for (ir::Value result : graph.results) needed[result.op] = true;
  for (size_t i = graph.ops().size(); i-- > 0;)
    if (needed[i])
      for (ir::Value operand : graph.ops()[i].operands) needed[operand.op] = true;

  ir::Rewriter out(graph);
  for (uint32_t i = 0; i < graph.ops().size(); ++i) {
    const ir::Op& op = graph.ops()[i];
    count_work(1 + op.operands.size());
    if (needed[i])
      out.copy(op, {i, 0});
    else if (op.def->op_class != ir::OpClass::kParameter)
      out.mark_changed();
  }
  return std::move(out).finish();
}

}  // namespace sinter::passes
