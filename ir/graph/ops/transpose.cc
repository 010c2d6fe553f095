// transpose: permutes axes. Result axis i is operand axis order[i].
#include "ir/graph/ops/check.h"
#include "ir/graph/strided.h"

namespace sinter::ir::ops {
namespace {

std::vector<Type> infer(const OpDef& def, const Attributes& attributes, std::span<const Type> operands) {
  const Integers& order = as<TransposeAttributes>(attributes).order;
  const Type& x = operands[0];
  expect_count(def, "order", order.size(), x.shape.rank());
  std::vector<bool> seen(order.size());
  Type result{x.dtype, {}};
  for (size_t i = 0; i < order.size(); ++i) {
    expect_axis(def, fmt::format("order[{}]", i), order[i], x.shape.rank());
    if (seen[static_cast<size_t>(order[i])])
      throw IndexError(fmt::format("{}: order[{}] is {} again, expected each axis once", def.name, i, order[i]));
    seen[static_cast<size_t>(order[i])] = true;
    result.shape.push_back(x.shape[order[i]]);
  }
  return {std::move(result)};
}

void evaluate(const OpDef&, const Attributes& attributes, Arithmetic, std::span<const Literal* const> operands,
              std::span<Literal> results) {
  const std::vector<int64_t> strides = operands[0]->type.shape.strides();
  Strided from;
  for (int64_t axis : as<TransposeAttributes>(attributes).order)
    from.strides.push_back(strides[static_cast<size_t>(axis)]);
  const Shape& shape = results[0].type.shape;
  copy_box(shape.values(), *operands[0], from, results[0], {0, shape.strides()});
}

MaybeValues vjp(Builder& b, const OpDef&, const Attributes& attributes, std::span<const Value>, std::span<const Value>,
                std::span<const std::optional<Value>> cotangents) {
  if (!cotangents[0]) return {std::nullopt};
  const Integers& order = as<TransposeAttributes>(attributes).order;
  Integers inverse(order.size());
  for (size_t i = 0; i < order.size(); ++i) inverse[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
  return {transpose(b, *cotangents[0], std::move(inverse))};
}

}  // namespace

const OpDef kTranspose{.name = "transpose",
                       .doc = "permutes axes",
                       .op_class = OpClass::kView,
                       .arity = 1,
                       .dtypes = kAnything,
                       .attributes = TransposeAttributes{},
                       .infer = infer,
                       .evaluate = evaluate,
                       .vjp = vjp};

}  // namespace sinter::ir::ops
