// broadcast: repeats the operand along new axes. Operand axis i becomes result axis axes[i] (ascending) and keeps its
// size.
#include <algorithm>

#include "ir/graph/ops/check.h"
#include "ir/graph/strided.h"

namespace sinter::ir::ops {
namespace {

std::vector<Type> infer(const OpDef& def, const Attributes& attributes, std::span<const Type> operands) {
  const auto& [shape, axes] = as<BroadcastAttributes>(attributes);
  const Type& x = operands[0];
  Type result = checked(def, "the result", {x.dtype, shape});
  expect_count(def, "axes", axes.size(), x.shape.rank());
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto axis = static_cast<int64_t>(i);
    if (axes[i] < 0 || axes[i] >= shape.rank() || (i > 0 && axes[i] <= axes[i - 1]))
      throw IndexError(fmt::format("{}: axes[{}] is {}, expected ascending axes of shape {}", def.name, i, axes[i],
                                   to_string(shape)));
    if (x.shape[axis] != shape[axes[i]])
      throw ShapeError(fmt::format("{}: argument 1 has type {}, whose axis {} becomes axis {} of {}, expected size {}",
                                   def.name, to_string(x), axis, axes[i], to_string(shape), to_string(shape[axes[i]])));
  }
  return {std::move(result)};
}

void evaluate(const OpDef&, const Attributes& attributes, Arithmetic, std::span<const Literal* const> operands,
              std::span<Literal> results) {
  const Integers& axes = as<BroadcastAttributes>(attributes).axes;
  const Shape& shape = results[0].type.shape;
  Strided from{0, std::vector<int64_t>(shape.dims().size(), 0)};
  const std::vector<int64_t> strides = operands[0]->type.shape.strides();
  for (size_t i = 0; i < axes.size(); ++i) from.strides[static_cast<size_t>(axes[i])] = strides[i];
  copy_box(shape.values(), *operands[0], from, results[0], {0, shape.strides()});
}

MaybeValues vjp(Builder& b, const OpDef&, const Attributes& attributes, std::span<const Value>, std::span<const Value>,
                std::span<const std::optional<Value>> cotangents) {
  if (!cotangents[0]) return {std::nullopt};
  const auto& [shape, axes] = as<BroadcastAttributes>(attributes);
  Integers added;
  for (int64_t axis = 0; axis < shape.rank(); ++axis)
    if (!std::binary_search(axes.begin(), axes.end(), axis)) added.push_back(axis);
  return {added.empty() ? *cotangents[0] : reduce(b, "sum", *cotangents[0], added)};
}

}  // namespace

const OpDef kBroadcast{.name = "broadcast",
                       .doc = "repeats the operand along new axes",
                       .op_class = OpClass::kView,
                       .arity = 1,
                       .dtypes = kAnything,
                       .attributes = BroadcastAttributes{},
                       .infer = infer,
                       .evaluate = evaluate,
                       .vjp = vjp};

}  // namespace sinter::ir::ops
