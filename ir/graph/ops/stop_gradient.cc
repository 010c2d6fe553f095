// stop_gradient: the operand itself, through which no cotangent flows.
#include "ir/graph/ops/check.h"

namespace sinter::ir::ops {
namespace {

std::vector<Type> infer(const OpDef&, const Attributes&, std::span<const Type> operands) { return {operands[0]}; }

void evaluate(const OpDef&, const Attributes&, Arithmetic, std::span<const Literal* const> operands,
              std::span<Literal> results) {
  copy_bytes(*operands[0], results[0]);
}

}  // namespace

const OpDef kStopGradient{.name = "stop_gradient",
                          .doc = "the operand, through which nothing flows back",
                          .op_class = OpClass::kView,
                          .arity = 1,
                          .dtypes = kAnything,
                          .attributes = NoAttributes{},
                          .infer = infer,
                          .evaluate = evaluate,
                          .vjp = nullptr};

}  // namespace sinter::ir::ops
