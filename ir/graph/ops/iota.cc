// iota: i64 array of the given shape whose element [..., i, ...] is i, the index along `axis`.
#include "ir/graph/ops/check.h"

namespace sinter::ir::ops {
namespace {

std::vector<Type> infer(const OpDef& def, const Attributes& attributes, std::span<const Type>) {
  const auto& [shape, axis] = as<IotaAttributes>(attributes);
  Type type = checked(def, "the result", {kInt64, shape});
  if (axis < 0 || axis >= shape.rank())
    throw IndexError(fmt::format("{}: axis is {}, expected an axis of shape {}", def.name, axis, to_string(shape)));
  return {std::move(type)};
}

void evaluate(const OpDef&, const Attributes& attributes, Arithmetic, std::span<const Literal* const>,
              std::span<Literal> results) {
  const int64_t axis = as<IotaAttributes>(attributes).axis;
  const Shape& shape = results[0].type.shape;
  const int64_t stride = shape.strides()[static_cast<size_t>(axis)], size = shape[axis].value();
  int64_t at = 0;
  for (int64_t& element : results[0].view<int64_t>()) element = at++ / stride % size;
}

}  // namespace

const OpDef kIota{.name = "iota",
                  .doc = "the index of each element along an axis, i64",
                  .op_class = OpClass::kIndexed,
                  .arity = 0,
                  .attributes = IotaAttributes{},
                  .infer = infer,
                  .evaluate = evaluate,
                  .vjp = nullptr};

}  // namespace sinter::ir::ops
