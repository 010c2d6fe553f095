// gather: elements of the first operand selected along one axis by the second, an array of indices (layout:
// gather_box.h).
#include "ir/graph/ops/gather_box.h"

namespace sinter::ir::ops {
namespace {

std::vector<Type> infer(const OpDef& def, const Attributes& attributes, std::span<const Type> operands) {
  return {gathered_type(def, as<GatherAttributes>(attributes), operands[0], operands[1])};
}

void evaluate(const OpDef& def, const Attributes& attributes, Arithmetic, std::span<const Literal* const> operands,
              std::span<Literal> results) {
  const Literal& data = *operands[0];
  const std::vector<size_t> offsets =
      gathered_offsets(def, as<GatherAttributes>(attributes), data.type, *operands[1], results[0].type.shape);
  visit_dtype(data.type.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (size_t i = 0; i < offsets.size(); ++i) results[0].view<T>()[i] = data.view<T>()[offsets[i]];
  });
}

MaybeValues vjp(Builder& b, const OpDef&, const Attributes& attributes, std::span<const Value> operands,
                std::span<const Value>, std::span<const std::optional<Value>> cotangents) {
  if (!cotangents[0]) return {std::nullopt, std::nullopt};
  const auto [axis, batch] = as<GatherAttributes>(attributes);
  const Type data = b.type(operands[0]);
  return {scatter_add(b, full(b, 0, data), operands[1], *cotangents[0], axis, batch), std::nullopt};
}

}  // namespace

const OpDef kGather{.name = "gather",
                    .doc = "elements of the first operand selected along an axis by indices",
                    .op_class = OpClass::kGather,
                    .arity = 2,
                    .dtypes = kAnything,
                    .attributes = GatherAttributes{},
                    .infer = infer,
                    .evaluate = evaluate,
                    .vjp = vjp};

}  // namespace sinter::ir::ops
