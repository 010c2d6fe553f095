// argmax: along `axis`, which disappears, the index of the largest element, i64. The lowest index among equals; a NaN
// counts as largest. The axis must not be empty.
#include <cmath>
#include <optional>

#include "ir/graph/ops/check.h"
#include "ir/graph/strided.h"
#include "support/float_mode.h"

namespace sinter::ir::ops {
namespace {

void expect_not_empty(const OpDef& def, const Type& x, int64_t axis) {
  if (x.shape[axis].is(0))
    throw ShapeError(fmt::format("{}: argument 1 has type {}, and axis {} has no elements, expected at least one",
                                 def.name, to_string(x), axis));
}

std::vector<Type> infer(const OpDef& def, const Attributes& attributes, std::span<const Type> operands) {
  const int64_t axis = as<AxisAttributes>(attributes).axis;
  const Type& x = operands[0];
  expect_dtype(def, 1, x, def.dtypes);
  expect_axis(def, "axis", axis, x.shape.rank());
  expect_not_empty(def, x, axis);
  std::vector<Dim> dims = x.shape.dims();
  dims.erase(dims.begin() + axis);
  return {{kInt64, Shape(std::move(dims))}};
}

template <class T>
bool is_nan(T x) {
  return x != x;  // NOLINT: of integers, too
}

void evaluate(const OpDef& def, const Attributes& attributes, Arithmetic arithmetic,
              std::span<const Literal* const> operands, std::span<Literal> results) {
  const Literal& x = *operands[0];
  const auto axis = static_cast<size_t>(as<AxisAttributes>(attributes).axis);
  expect_not_empty(def, x.type, static_cast<int64_t>(axis));
  Strided at{0, x.type.shape.strides()};
  std::vector<int64_t> sizes = x.type.shape.values();
  const int64_t size = sizes[axis], stride = at.strides[axis];
  sizes.erase(sizes.begin() + static_cast<std::ptrdiff_t>(axis));
  at.strides.erase(at.strides.begin() + static_cast<std::ptrdiff_t>(axis));
  std::optional<FloatModeScope> as_compiled;
  if (arithmetic == Arithmetic::kTyped) as_compiled.emplace();
  visit_dtype(x.type.dtype, [&](auto zero) {
    using T = decltype(zero);
    const std::span<const T> source = x.view<T>();
    size_t n = 0;
    for_each_offset(sizes, at, [&](int64_t offset) {
      int64_t best = 0;
      T largest = source[static_cast<size_t>(offset)];
      for (int64_t i = 1; i < size && !is_nan(largest); ++i) {
        const T element = source[static_cast<size_t>(offset + i * stride)];
        if (element > largest || is_nan(element)) {
          best = i;
          largest = element;
        }
      }
      results[0].view<int64_t>()[n++] = best;
    });
  });
}

}  // namespace

const OpDef kArgmax{.name = "argmax",
                    .doc = "index of the largest element along an axis; the lowest among equals, NaN counts as largest",
                    .op_class = OpClass::kReduction,
                    .arity = 1,
                    .dtypes = kNumbers,
                    .attributes = AxisAttributes{},
                    .infer = infer,
                    .evaluate = evaluate,
                    .vjp = nullptr};

}  // namespace sinter::ir::ops
