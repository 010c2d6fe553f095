// dot: matrix product [B..., M, K] x [B..., K, N] -> [B..., M, N]. Each element is the fold over ascending k of
// acc = fma(a, b, acc) from +0, in the operands' element type.
#include <cmath>

#include "ir/graph/ops/check.h"
#include "support/float_mode.h"

namespace sinter::ir::ops {
namespace {

void expect_matrix(const OpDef& def, int position, const Type& given) {
  if (given.shape.rank() < 2)
    throw ShapeError(fmt::format("{}: argument {} has type {}, expected at least 2 dimensions", def.name, position,
                                 to_string(given)),
                     "reshape a vector to a matrix of one row or column");
}

std::vector<Type> infer(const OpDef& def, const Attributes&, std::span<const Type> operands) {
  const Type &x = operands[0], &y = operands[1];
  expect_dtype(def, 1, x, def.dtypes);
  expect_dtype_of(def, 2, y, 1, x);
  expect_matrix(def, 1, x);
  expect_matrix(def, 2, y);
  const int64_t rank = x.shape.rank();
  if (y.shape.rank() != rank)
    throw ShapeError(fmt::format("{}: argument 2 has type {}, expected {} dimensions, as argument 1, {}, has", def.name,
                                 to_string(y), rank, to_string(x)));
  for (int64_t axis = 0; axis < rank - 2; ++axis)
    if (x.shape[axis] != y.shape[axis])
      throw ShapeError(
          fmt::format("{}: argument 2 has type {}, expected size {} along batch axis {}, as argument 1, {}, has",
                      def.name, to_string(y), to_string(x.shape[axis]), axis, to_string(x)));
  if (x.shape[rank - 1] != y.shape[rank - 2])
    throw ShapeError(fmt::format("{}: argument 2 has type {}, expected {} rows, as many as argument 1, {}, has columns",
                                 def.name, to_string(y), to_string(x.shape[rank - 1]), to_string(x)));
  Type result = x;
  result.shape[rank - 1] = y.shape[rank - 1];
  return {checked(def, "the result", std::move(result))};
}

template <class T>
void multiply(const Literal& x, const Literal& y, Literal& result, Arithmetic arithmetic) {
  const Shape &shape = x.type.shape, &to = result.type.shape;
  const int64_t rank = shape.rank();
  const auto rows = static_cast<size_t>(to[rank - 2].value()), columns = static_cast<size_t>(to[rank - 1].value());
  const auto depth = static_cast<size_t>(shape[rank - 1].value());
  if (to.numel() == 0) return;
  const T *a = x.view<T>().data(), *right = y.view<T>().data();
  T* c = result.view<T>().data();
  const size_t all_rows = static_cast<size_t>(to.numel()) / columns;
  for (size_t row = 0; row < all_rows; ++row, c += columns) {
    const T* b = right + row / rows * depth * columns;
    for (size_t k = 0; k < depth; ++k, ++a, b += columns) {
      if (arithmetic == Arithmetic::kTyped)
        for (size_t j = 0; j < columns; ++j) c[j] = std::fma(*a, b[j], c[j]);
      else
        for (size_t j = 0; j < columns; ++j) c[j] += *a * b[j];
    }
  }
}

void evaluate(const OpDef&, const Attributes&, Arithmetic arithmetic, std::span<const Literal* const> operands,
              std::span<Literal> results) {
  if (arithmetic == Arithmetic::kOracle) return multiply<double>(*operands[0], *operands[1], results[0], arithmetic);
  const FloatModeScope as_compiled;
  if (results[0].type.dtype == kFloat32)
    multiply<float>(*operands[0], *operands[1], results[0], arithmetic);
  else
    multiply<double>(*operands[0], *operands[1], results[0], arithmetic);
}

Value transposed(Builder& b, Value x) {
  Integers order(b.type(x).shape.dims().size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
  std::swap(order[order.size() - 1], order[order.size() - 2]);
  return transpose(b, x, std::move(order));
}

MaybeValues vjp(Builder& b, const OpDef&, const Attributes&, std::span<const Value> operands, std::span<const Value>,
                std::span<const std::optional<Value>> cotangents) {
  if (!cotangents[0]) return {std::nullopt, std::nullopt};
  const Value to_x = dot(b, *cotangents[0], transposed(b, operands[1]));
  return {to_x, dot(b, transposed(b, operands[0]), *cotangents[0])};
}

}  // namespace

const OpDef kDot{.name = "dot",
                 .doc = "matrix product over the last two axes, any number of leading batch axes",
                 .op_class = OpClass::kDot,
                 .arity = 2,
                 .dtypes = kFloats,
                 .attributes = NoAttributes{},
                 .infer = infer,
                 .evaluate = evaluate,
                 .vjp = vjp};

}  // namespace sinter::ir::ops
