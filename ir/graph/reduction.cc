// What every reduction does, read from its combiner. Typed evaluation follows order R of docs/numerics.md: blocks of
// 4096 elements, 16 lanes in a block, a fixed tree over the lanes, and the same once more over the blocks.
#include <algorithm>
#include <array>

#include "ir/graph/generic_ops.h"
#include "ir/graph/ops/check.h"
#include "ir/graph/strided.h"
#include "ir/scalar/order.h"
#include "support/float_mode.h"

namespace sinter::ir {
namespace {

constexpr size_t kLanes = 16, kBlock = kOrderBlock;

void expect_not_empty(const OpDef& def, const Integers& axes, const Type& type) {
  const Combiner& combiner = *def.combiner;
  if (!combiner.exact) return;
  for (int64_t axis : axes)
    if (type.shape[axis].is(0))
      throw ShapeError(fmt::format("{}: argument 1 has type {}, and axis {} has no elements, expected at least one",
                                   def.name, to_string(type), axis));
}

std::vector<Type> infer(const OpDef& def, const Attributes& attributes, std::span<const Type> operands) {
  const Integers& axes = std::get<AxesAttributes>(attributes).axes;
  ops::expect_dtype(def, 1, operands[0], def.dtypes);
  ops::expect_axes(def, "axes", axes, operands[0].shape.rank());
  expect_not_empty(def, axes, operands[0]);
  Type result{operands[0].dtype, {}};
  for (int64_t axis = 0; axis < operands[0].shape.rank(); ++axis)
    if (!std::binary_search(axes.begin(), axes.end(), axis)) result.shape.push_back(operands[0].shape[axis]);
  return {result};
}

// Joins in T: one operation in double or int64_t, then rounded to T (adding, multiplying and choosing f32 in double and
// rounding gives the f32 result, also under flush-to-zero).
template <class T>
struct Join {
  const Row& row;
  T identity;
  explicit Join(const Combiner& combiner) : row(find_row(combiner.row)), identity(identity_of(combiner)) {}
  static T identity_of(const Combiner& combiner) {
    if constexpr (std::is_floating_point_v<T>)
      return static_cast<T>(combiner.identity_double);
    else
      return static_cast<T>(combiner.identity_int);
  }
  T operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) {
      const std::array<double, 2> x{a, b};
      return static_cast<T>(row.on_double(x.data()));
    } else {
      const std::array<int64_t, 2> x{a, b};
      return static_cast<T>(row.on_int(x.data()));
    }
  }
};

template <class T>
T fold_lanes(std::span<const T> x, const Join<T>& join) {
  std::array<T, kLanes> lanes;
  lanes.fill(join.identity);
  for (size_t i = 0; i < x.size(); ++i) lanes[i % kLanes] = join(lanes[i % kLanes], x[i]);
  for (size_t half = kLanes / 2; half > 0; half /= 2)
    for (size_t lane = 0; lane < half; ++lane) lanes[lane] = join(lanes[lane], lanes[lane + half]);
  return lanes[0];
}

template <class T>
T fold_canonical(std::span<const T> x, const Join<T>& join) {
  std::vector<T> blocks;
  for (size_t start = 0; start < x.size(); start += kBlock)
    blocks.push_back(fold_lanes<T>(x.subspan(start, std::min(kBlock, x.size() - start)), join));
  return fold_lanes<T>(blocks, join);
}

template <class T>
T fold_plain(std::span<const T> x, const Join<T>& join) {
  T sum = join.identity;
  for (T element : x) sum = join(sum, element);
  return sum;
}

void evaluate_reduction(const OpDef& def, const Attributes& attributes, Arithmetic arithmetic,
                        std::span<const Literal* const> operands, std::span<Literal> results) {
  const Literal& x = *operands[0];
  const Integers& axes = std::get<AxesAttributes>(attributes).axes;
  expect_not_empty(def, axes, x.type);
  const std::vector<int64_t> sizes = x.type.shape.values(), strides = x.type.shape.strides();
  Strided kept, reduced;
  std::vector<int64_t> kept_sizes, reduced_sizes;
  for (size_t axis = 0; axis < sizes.size(); ++axis) {
    const bool reduces = std::binary_search(axes.begin(), axes.end(), static_cast<int64_t>(axis));
    (reduces ? reduced : kept).strides.push_back(strides[axis]);
    (reduces ? reduced_sizes : kept_sizes).push_back(sizes[axis]);
  }
  const auto run = [&](auto zero) {
    using T = decltype(zero);
    const std::span<const T> source = x.view<T>();
    const Join<T> join(*def.combiner);
    std::vector<T> elements;
    size_t at = 0;
    for_each_offset(kept_sizes, kept, [&](int64_t base) {
      elements.clear();
      reduced.base = base;
      for_each_offset(reduced_sizes, reduced,
                      [&](int64_t offset) { elements.push_back(source[static_cast<size_t>(offset)]); });
      results[0].view<T>()[at++] =
          arithmetic == Arithmetic::kTyped ? fold_canonical<T>(elements, join) : fold_plain<T>(elements, join);
    });
  };
  std::optional<FloatModeScope> as_compiled;
  if (arithmetic == Arithmetic::kTyped) as_compiled.emplace();
  switch (x.type.dtype) {
    case kFloat32:
      return run(float{});
    case kFloat64:
      return run(double{});
    default:
      return run(int64_t{});
  }
}

MaybeValues vjp(Builder& b, const OpDef& def, const Attributes& attributes, std::span<const Value> operands,
                std::span<const Value> results, std::span<const std::optional<Value>> cotangents) {
  if (!cotangents[0] || !is_float(b.type(operands[0]).dtype)) return {std::nullopt};
  const Integers& axes = std::get<AxesAttributes>(attributes).axes;
  const Shape shape = b.type(operands[0]).shape;
  const auto spread = [&](Value value) { return Node{&b, broadcast_in(b, value, shape, axes)}; };
  const Node ct = spread(*cotangents[0]);
  return {def.combiner->flow(ct, spread(results[0]), {&b, operands[0]}, axes).value};
}

}  // namespace

OpDef reduction_op(const Combiner& combiner, std::string_view name) {
  return {.name = name,
          .doc = combiner.doc,
          .op_class = OpClass::kReduction,
          .arity = 1,
          .dtypes = combiner.dtypes,
          .attributes = AxesAttributes{},
          .combiner = &combiner,
          .infer = infer,
          .evaluate = evaluate_reduction,
          .vjp = combiner.flow ? vjp : nullptr};
}

}  // namespace sinter::ir
