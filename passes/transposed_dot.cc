#include "passes/transposed_dot.h"

#include <numeric>
#include <utility>

#include "support/work.h"

namespace sinter::passes {
namespace {

ir::Integers swapped_last(int64_t rank) {
  ir::Integers order(static_cast<size_t>(rank));
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[order.size() - 2], order[order.size() - 1]);
  return order;
}

}  // namespace

ir::Rewritten transposed_dot(const ir::Graph& graph) {
  const auto readers = ir::users(graph);
  std::vector<bool> is_result(graph.ops().size());
  for (ir::Value result : graph.results) is_result[result.op] = true;

  ir::Rewriter out(graph);
  for (uint32_t i = 0; i < graph.ops().size(); ++i) {
    const ir::Op& op = graph.ops()[i];
    count_work();
    const auto* transpose = std::get_if<ir::TransposeAttributes>(&op.attributes);
    const ir::Op* dot = transpose != nullptr ? &graph.op(op.operands[0]) : nullptr;
    const bool turns = dot != nullptr && dot->def == &ir::ops::kDot && readers[op.operands[0].op].size() == 1 &&
                       !is_result[op.operands[0].op] &&
                       transpose->order == swapped_last(static_cast<int64_t>(transpose->order.size()));
    if (!turns) {
      out.copy(op, {i, 0});
      continue;
    }
    ir::GraphBuilder b = out.builder(*dot);
    const ir::Value left = ir::transpose(b, out.at(dot->operands[1]), transpose->order);
    const ir::Value right = ir::transpose(b, out.at(dot->operands[0]), transpose->order);
    out.replace({i, 0}, ir::dot(b, left, right));
  }
  return std::move(out).finish();
}

}  // namespace sinter::passes
