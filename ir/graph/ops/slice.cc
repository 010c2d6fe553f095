// slice: along each axis the elements start, start + step, ... below limit; 0 <= start <= limit <= size, step >= 1.
// An axis of symbolic size can only be taken whole, which is written start 0, limit -1, step 1.
#include "ir/graph/ops/check.h"
#include "ir/graph/strided.h"

namespace sinter::ir::ops {
namespace {

constexpr int64_t kWhole = -1;

std::vector<Type> infer(const OpDef& def, const Attributes& attributes, std::span<const Type> operands) {
  const auto& [start, limit, step] = as<SliceAttributes>(attributes);
  const Type& x = operands[0];
  expect_count(def, "start", start.size(), x.shape.rank());
  expect_count(def, "limit", limit.size(), x.shape.rank());
  expect_count(def, "step", step.size(), x.shape.rank());
  Type result = x;
  for (int64_t axis = 0; axis < x.shape.rank(); ++axis) {
    const auto i = static_cast<size_t>(axis);
    if (x.shape[axis].is_symbol()) {
      if (start[i] != 0 || limit[i] != kWhole || step[i] != 1)
        throw ShapeError(fmt::format(
            "{}: axis {} of argument 1, {}, has a size known only at run time, expected the whole axis: start 0, "
            "limit -1, step 1, given {}, {}, {}",
            def.name, axis, to_string(x), start[i], limit[i], step[i]));
      continue;
    }
    const int64_t size = x.shape[axis].value();
    if (start[i] < 0 || start[i] > limit[i] || limit[i] > size)
      throw IndexError(fmt::format("{}: axis {} of argument 1, {}, from {} to {}, expected 0 <= start <= limit <= {}",
                                   def.name, axis, to_string(x), start[i], limit[i], size));
    if (step[i] < 1) throw ValueError(fmt::format("{}: step[{}] is {}, expected at least 1", def.name, i, step[i]));
    const int64_t length = limit[i] - start[i];
    result.shape[axis] = length == 0 ? 0 : (length - 1) / step[i] + 1;
  }
  return {std::move(result)};
}

void evaluate(const OpDef&, const Attributes& attributes, Arithmetic, std::span<const Literal* const> operands,
              std::span<Literal> results) {
  const auto& [start, limit, step] = as<SliceAttributes>(attributes);
  Strided from{0, operands[0]->type.shape.strides()};
  const Shape& shape = results[0].type.shape;
  for (size_t i = 0; i < start.size(); ++i) {
    from.base += start[i] * from.strides[i];
    // One element needs no step, and a step may be as large as it likes.
    from.strides[i] = shape[static_cast<int64_t>(i)].value() > 1 ? from.strides[i] * step[i] : 0;
  }
  copy_box(shape.values(), *operands[0], from, results[0], {0, shape.strides()});
}

MaybeValues vjp(Builder& b, const OpDef&, const Attributes& attributes, std::span<const Value> operands,
                std::span<const Value> results, std::span<const std::optional<Value>> cotangents) {
  if (!cotangents[0]) return {std::nullopt};
  const auto& [start, limit, step] = as<SliceAttributes>(attributes);
  const Type x = b.type(operands[0]);
  const Shape taken = b.type(results[0]).shape;
  PadAttributes around{Integers(start.size()), Integers(start.size()), Integers(start.size())};
  for (int64_t axis = 0; axis < x.shape.rank(); ++axis) {
    if (x.shape[axis].is_symbol()) continue;
    const auto i = static_cast<size_t>(axis);
    const int64_t size = x.shape[axis].value(), count = taken[axis].value();
    around.low[i] = count == 0 ? size : start[i];
    around.interior[i] = count > 1 ? step[i] - 1 : 0;
    around.high[i] = count == 0 ? 0 : size - start[i] - (count - 1) * (count > 1 ? step[i] : 1) - 1;
  }
  return {pad(b, *cotangents[0], scalar(b, 0, x.dtype), around.low, around.high, around.interior)};
}

}  // namespace

const OpDef kSlice{.name = "slice",
                   .doc = "a box of the operand, with steps",
                   .op_class = OpClass::kView,
                   .arity = 1,
                   .dtypes = kAnything,
                   .attributes = SliceAttributes{},
                   .infer = infer,
                   .evaluate = evaluate,
                   .vjp = vjp};

}  // namespace sinter::ir::ops
