#include "passes/fuse/cluster.h"

namespace sinter::passes {

bool is_work(const ir::Op& op) {
  switch (op.def->op_class) {
    case ir::OpClass::kElementwise:
    case ir::OpClass::kReduction:
    case ir::OpClass::kDot:
    case ir::OpClass::kScatter:
      return true;
    case ir::OpClass::kParameter:
    case ir::OpClass::kConstant:
    case ir::OpClass::kView:
    case ir::OpClass::kIndexed:
    case ir::OpClass::kGather:
    case ir::OpClass::kCall:
      break;
  }
  return false;
}

ir::Value storage_of(const ir::Graph& graph, ir::Value value) {
  while (graph.op(value).def == &ir::ops::kReshape || graph.op(value).def == &ir::ops::kStopGradient)
    value = graph.op(value).operands[0];
  return value;
}

}  // namespace sinter::passes
