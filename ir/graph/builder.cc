#include "ir/graph/builder.h"

#include <algorithm>

#include "ir/graph/op_def.h"

namespace sinter::ir {
namespace {

const OpDef& require_op(std::string_view name) {
  const OpDef* def = find_op(name);
  invariant(def != nullptr, "an operation of that name exists");
  return *def;
}

}  // namespace

Value elementwise(Builder& b, std::string_view row, std::initializer_list<Value> operands) {
  return b.add(require_op(row), NoAttributes{}, operands);
}

Value constant(Builder& b, Literal value) {
  return b.add(ops::kConstant, ConstantAttributes{std::make_shared<const Literal>(std::move(value))}, {});
}

Value scalar(Builder& b, double value, DType dtype) {
  return constant(b,
                  visit_dtype(dtype, [&](auto zero) { return Literal::scalar(static_cast<decltype(zero)>(value)); }));
}

Value full(Builder& b, double value, const Type& type) {
  const Shape shape = type.shape;  // adding may move what `type` refers to
  const Value number = scalar(b, value, type.dtype);
  return shape.rank() == 0 ? number : broadcast(b, number, shape, {});
}

Value iota(Builder& b, const Shape& shape, int64_t axis) { return b.add(ops::kIota, IotaAttributes{shape, axis}, {}); }
Value rng_bits(Builder& b, Value key, const Shape& shape) {
  return b.add(ops::kRngBits, ShapeAttributes{shape}, {key});
}
Value broadcast(Builder& b, Value x, const Shape& shape, Integers axes) {
  return b.add(ops::kBroadcast, BroadcastAttributes{shape, std::move(axes)}, {x});
}
Value reshape(Builder& b, Value x, const Shape& shape) { return b.add(ops::kReshape, ShapeAttributes{shape}, {x}); }
Value transpose(Builder& b, Value x, Integers order) {
  return b.add(ops::kTranspose, TransposeAttributes{std::move(order)}, {x});
}
Value slice(Builder& b, Value x, Integers start, Integers limit, Integers step) {
  return b.add(ops::kSlice, SliceAttributes{std::move(start), std::move(limit), std::move(step)}, {x});
}
Value pad(Builder& b, Value x, Value with, Integers low, Integers high, Integers interior) {
  return b.add(ops::kPad, PadAttributes{std::move(low), std::move(high), std::move(interior)}, {x, with});
}
Value concat(Builder& b, std::span<const Value> parts, int64_t axis) {
  return b.add(ops::kConcat, AxisAttributes{axis}, parts);
}
Value reduce(Builder& b, std::string_view combiner, Value x, Integers axes) {
  return b.add(require_op("reduce_" + std::string(combiner)), AxesAttributes{std::move(axes)}, {x});
}
Value argmax(Builder& b, Value x, int64_t axis) { return b.add(ops::kArgmax, AxisAttributes{axis}, {x}); }
Value gather(Builder& b, Value data, Value indices, int64_t axis, int64_t batch) {
  return b.add(ops::kGather, GatherAttributes{axis, batch}, {data, indices});
}
Value scatter_add(Builder& b, Value base, Value indices, Value updates, int64_t axis, int64_t batch) {
  return b.add(ops::kScatterAdd, GatherAttributes{axis, batch}, {base, indices, updates});
}
Value dot(Builder& b, Value x, Value y) { return b.add(ops::kDot, NoAttributes{}, {x, y}); }
Value stop_gradient(Builder& b, Value x) { return b.add(ops::kStopGradient, NoAttributes{}, {x}); }

Value convert(Builder& b, Value x, DType to) {
  if (b.type(x).dtype == to) return x;
  return elementwise(b, "to_" + std::string(name(to)), {x});
}

Value broadcast_in(Builder& b, Value x, const Shape& shape, const Integers& new_axes) {
  if (new_axes.empty()) return x;
  Integers kept;
  for (int64_t axis = 0; axis < shape.rank(); ++axis)
    if (std::find(new_axes.begin(), new_axes.end(), axis) == new_axes.end()) kept.push_back(axis);
  return broadcast(b, x, shape, std::move(kept));
}

}  // namespace sinter::ir
