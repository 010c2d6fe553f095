// Where operations go when they are made: into a graph (tracing, differentiation) or straight to execution (the dynamic
// engine). Derivative rules are written against this interface only.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

#include "ir/graph/attributes.h"

namespace sinter::ir {

struct OpDef;

// One result of one operation; meaningful only together with the graph or builder that made it.
struct Value {
  static constexpr uint32_t kNone = UINT32_MAX;
  uint32_t op = kNone;
  uint32_t result = 0;
  auto operator<=>(const Value&) const = default;
};

class Builder {
 public:
  virtual ~Builder() = default;
  // Infers the result types (throwing the operation's error on bad operands) and adds the operation; its first result.
  virtual Value add(const OpDef& def, Attributes attributes, std::span<const Value> operands) = 0;
  [[nodiscard]] virtual const Type& type(Value value) const = 0;

  Value add(const OpDef& def, Attributes attributes, std::initializer_list<Value> operands) {
    return add(def, std::move(attributes), std::span<const Value>(operands.begin(), operands.size()));
  }
};

// The operations as functions. Each checks through its operation's shape rule. Names are those of the IR.
Value elementwise(Builder& b, std::string_view row, std::initializer_list<Value> operands);
Value constant(Builder& b, Literal value);
Value scalar(Builder& b, double value, DType dtype);     // a 0-d constant
Value full(Builder& b, double value, const Type& type);  // scalar, broadcast
Value iota(Builder& b, const Shape& shape, int64_t axis);
Value rng_bits(Builder& b, Value key, const Shape& shape);
Value broadcast(Builder& b, Value x, const Shape& shape, Integers axes);
Value reshape(Builder& b, Value x, const Shape& shape);
Value transpose(Builder& b, Value x, Integers order);
Value slice(Builder& b, Value x, Integers start, Integers limit, Integers step);
Value pad(Builder& b, Value x, Value with, Integers low, Integers high, Integers interior);
Value concat(Builder& b, std::span<const Value> parts, int64_t axis);
Value reduce(Builder& b, std::string_view combiner, Value x, Integers axes);  // combiner: "sum", "prod", "max", "min"
Value argmax(Builder& b, Value x, int64_t axis);
Value gather(Builder& b, Value data, Value indices, int64_t axis, int64_t batch);
Value scatter_add(Builder& b, Value base, Value indices, Value updates, int64_t axis, int64_t batch);
Value dot(Builder& b, Value x, Value y);
Value stop_gradient(Builder& b, Value x);
Value convert(Builder& b, Value x, DType to);  // the row to_<dtype>; x itself when it has that dtype

// Broadcasts along new axes: result axis order is the operand's with size-`shape[axis]` axes inserted at `axes`.
Value broadcast_in(Builder& b, Value x, const Shape& shape, const Integers& new_axes);

}  // namespace sinter::ir
