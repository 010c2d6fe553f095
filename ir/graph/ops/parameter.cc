// parameter: an input of the graph. Its type is an attribute; its value comes from outside, so it is never evaluated.
#include "ir/graph/ops/check.h"

namespace sinter::ir::ops {
namespace {

std::vector<Type> infer(const OpDef& def, const Attributes& attributes, std::span<const Type>) {
  return {checked(def, "the type", as<ParameterAttributes>(attributes).type)};
}

void evaluate(const OpDef&, const Attributes&, Arithmetic, std::span<const Literal* const>, std::span<Literal>) {
  invariant(false, "the value of a parameter comes from the caller");
}

}  // namespace

const OpDef kParameter{.name = "parameter",
                       .doc = "an input of the graph",
                       .op_class = OpClass::kParameter,
                       .arity = 0,
                       .attributes = ParameterAttributes{},
                       .infer = infer,
                       .evaluate = evaluate,
                       .vjp = nullptr};

}  // namespace sinter::ir::ops
