// pad: puts the first operand into a larger array filled with the second, a scalar: `low` elements before, `high` after
// and `interior` between neighbours along each axis. An axis of symbolic size cannot be padded: its three numbers are
// 0.
#include <algorithm>

#include "ir/graph/ops/check.h"
#include "ir/graph/strided.h"

namespace sinter::ir::ops {
namespace {

int64_t padded(const OpDef& def, const Type& x, int64_t axis, int64_t low, int64_t high, int64_t interior) {
  const int64_t size = x.shape[axis].value();
  int64_t between = 0, sum = 0;
  if (__builtin_mul_overflow(std::max<int64_t>(size - 1, 0), interior, &between) ||
      __builtin_add_overflow(size, between, &sum) || __builtin_add_overflow(sum, low, &sum) ||
      __builtin_add_overflow(sum, high, &sum))
    throw ShapeError(
        fmt::format("{}: axis {} of argument 1, {}, padded by {}, {} and {}, expected a size that 63 bits can count",
                    def.name, axis, to_string(x), low, high, interior));
  return sum;
}

std::vector<Type> infer(const OpDef& def, const Attributes& attributes, std::span<const Type> operands) {
  const auto& [low, high, interior] = as<PadAttributes>(attributes);
  const Type& x = operands[0];
  expect_dtype_of(def, 2, operands[1], 1, x);
  if (operands[1].shape.rank() != 0)
    throw ShapeError(fmt::format("{}: argument 2 has type {}, expected a scalar", def.name, to_string(operands[1])));
  expect_count(def, "low", low.size(), x.shape.rank());
  expect_count(def, "high", high.size(), x.shape.rank());
  expect_count(def, "interior", interior.size(), x.shape.rank());
  Type result = x;
  for (int64_t axis = 0; axis < x.shape.rank(); ++axis) {
    const auto i = static_cast<size_t>(axis);
    if (low[i] < 0 || high[i] < 0 || interior[i] < 0)
      throw ValueError(fmt::format("{}: axis {} is padded by {}, {} and {}, expected numbers of at least 0", def.name,
                                   axis, low[i], high[i], interior[i]),
                       "slice removes elements");
    if (!x.shape[axis].is_symbol())
      result.shape[axis] = padded(def, x, axis, low[i], high[i], interior[i]);
    else if (low[i] != 0 || high[i] != 0 || interior[i] != 0)
      throw ShapeError(
          fmt::format("{}: axis {} of argument 1, {}, has a size known only at run time, expected padding by 0",
                      def.name, axis, to_string(x)));
  }
  return {checked(def, "the result", std::move(result))};
}

void evaluate(const OpDef&, const Attributes& attributes, Arithmetic, std::span<const Literal* const> operands,
              std::span<Literal> results) {
  const auto& [low, high, interior] = as<PadAttributes>(attributes);
  const Shape &shape = results[0].type.shape, &inner = operands[0]->type.shape;
  copy_box(shape.values(), *operands[1], {0, std::vector<int64_t>(shape.dims().size(), 0)}, results[0],
           {0, shape.strides()});
  Strided to{0, shape.strides()};
  for (size_t i = 0; i < low.size(); ++i) {
    to.base += low[i] * to.strides[i];
    to.strides[i] = inner[static_cast<int64_t>(i)].value() > 1 ? to.strides[i] * (interior[i] + 1) : 0;
  }
  if (inner.numel() > 0) copy_box(inner.values(), *operands[0], {0, inner.strides()}, results[0], to);
}

// The first operand's part of the cotangent; and the sum of everything else, for the fill.
MaybeValues vjp(Builder& b, const OpDef&, const Attributes& attributes, std::span<const Value> operands,
                std::span<const Value> results, std::span<const std::optional<Value>> cotangents) {
  if (!cotangents[0]) return {std::nullopt, std::nullopt};
  const auto& [low, high, interior] = as<PadAttributes>(attributes);
  const Type x = b.type(operands[0]), padded_type = b.type(results[0]);
  SliceAttributes inner{low, low, Integers(low.size(), 1)};
  Integers all;
  for (int64_t axis = 0; axis < x.shape.rank(); ++axis) {
    const auto i = static_cast<size_t>(axis);
    all.push_back(axis);
    if (x.shape[axis].is_symbol()) {
      inner.limit[i] = -1;
      continue;
    }
    const int64_t size = x.shape[axis].value();
    if (size > 1) inner.step[i] = interior[i] + 1;
    if (size > 0) inner.limit[i] += (size - 1) * inner.step[i] + 1;
  }
  const Value to_x = slice(b, *cotangents[0], inner.start, inner.limit, inner.step);
  const Value is_fill = pad(b, full(b, 0, {kBool, x.shape}), scalar(b, 1, kBool), low, high, interior);
  const Value fill = elementwise(b, "select", {is_fill, *cotangents[0], full(b, 0, padded_type)});
  return {to_x, all.empty() ? fill : reduce(b, "sum", fill, all)};
}

}  // namespace

const OpDef kPad{.name = "pad",
                 .doc = "the first operand inside a larger array filled with the second, a scalar",
                 .op_class = OpClass::kView,
                 .arity = 2,
                 .dtypes = kAnything,
                 .attributes = PadAttributes{},
                 .infer = infer,
                 .evaluate = evaluate,
                 .vjp = vjp};

}  // namespace sinter::ir::ops
