// concat: joins one or more operands along `axis`, whose size must be a constant in each; all other axes agree.
#include "ir/graph/ops/check.h"
#include "ir/graph/strided.h"

namespace sinter::ir::ops {
namespace {

std::vector<Type> infer(const OpDef& def, const Attributes& attributes, std::span<const Type> operands) {
  const int64_t axis = as<AxisAttributes>(attributes).axis;
  if (operands.empty()) throw ValueError(fmt::format("{}: given no arguments, expected at least 1", def.name));
  expect_axis(def, "axis", axis, operands[0].shape.rank());
  Type result = operands[0];
  int64_t sum = 0;
  for (size_t k = 0; k < operands.size(); ++k) {
    const Type& x = operands[k];
    const int position = static_cast<int>(k) + 1;
    expect_dtype_of(def, position, x, 1, operands[0]);
    if (x.shape.rank() != result.shape.rank())
      throw ShapeError(fmt::format("{}: argument {} has type {}, expected {} dimensions, as argument 1 has", def.name,
                                   position, to_string(x), result.shape.rank()));
    for (int64_t i = 0; i < x.shape.rank(); ++i)
      if (i != axis && x.shape[i] != result.shape[i])
        throw ShapeError(fmt::format("{}: argument {} has type {}, expected size {} along axis {}, as argument 1 has",
                                     def.name, position, to_string(x), to_string(result.shape[i]), i));
    if (x.shape[axis].is_symbol())
      throw ShapeError(fmt::format("{}: argument {} has type {}, expected a constant size along axis {}", def.name,
                                   position, to_string(x), axis));
    if (__builtin_add_overflow(sum, x.shape[axis].value(), &sum))
      throw ShapeError(
          fmt::format("{}: axis {} of all arguments together, expected a size that 63 bits can count", def.name, axis));
  }
  result.shape[axis] = sum;
  return {checked(def, "the result", std::move(result))};
}

void evaluate(const OpDef&, const Attributes& attributes, Arithmetic, std::span<const Literal* const> operands,
              std::span<Literal> results) {
  const int64_t axis = as<AxisAttributes>(attributes).axis;
  Strided to{0, results[0].type.shape.strides()};
  for (const Literal* x : operands) {
    copy_box(x->type.shape.values(), *x, {0, x->type.shape.strides()}, results[0], to);
    to.base += x->type.shape[axis].value() * to.strides[static_cast<size_t>(axis)];
  }
}

MaybeValues vjp(Builder& b, const OpDef&, const Attributes& attributes, std::span<const Value> operands,
                std::span<const Value> results, std::span<const std::optional<Value>> cotangents) {
  MaybeValues flows(operands.size());
  if (!cotangents[0]) return flows;
  const int64_t axis = as<AxisAttributes>(attributes).axis;
  const Shape whole = b.type(results[0]).shape;
  SliceAttributes part;
  for (Dim dim : whole) {
    part.start.push_back(0);
    part.limit.push_back(dim.is_symbol() ? -1 : dim.value());
    part.step.push_back(1);
  }
  const auto at = static_cast<size_t>(axis);
  part.limit[at] = 0;
  for (size_t k = 0; k < operands.size(); ++k) {
    part.start[at] = part.limit[at];
    part.limit[at] += b.type(operands[k]).shape[axis].value();
    flows[k] = slice(b, *cotangents[0], part.start, part.limit, part.step);
  }
  return flows;
}

}  // namespace

const OpDef kConcat{.name = "concat",
                    .doc = "joins the operands along an axis",
                    .op_class = OpClass::kView,
                    .arity = -1,
                    .dtypes = kAnything,
                    .attributes = AxisAttributes{},
                    .infer = infer,
                    .evaluate = evaluate,
                    .vjp = vjp};

}  // namespace sinter::ir::ops
