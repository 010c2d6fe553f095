// What a graph value is: an element type and a shape. No layout: layout belongs to buffers.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "support/dtype.h"
#include "support/shape.h"

namespace sinter::ir {

// Sets of element types: what an operation accepts.
enum DTypes : uint8_t {
  kNoTypes = 0,
  kFloats = 1,
  kIntegers = 2,
  kBools = 4,
  kNumbers = kFloats | kIntegers,
  kAnything = 7
};
[[nodiscard]] bool contains(uint8_t dtypes, DType dtype);
// "f32, f64 or i64".
[[nodiscard]] std::string to_text(uint8_t dtypes);

struct Type {
  DType dtype = kFloat32;
  Shape shape;
  bool operator==(const Type&) const = default;
};

// "f32[2, 3]", "i64[]".
[[nodiscard]] std::string to_string(const Type& type);

// A dense row-major array: constants of a graph, and the values that the reference evaluations pass around.
struct Literal {
  Type type;
  std::vector<std::byte> bytes;

  // Zero filled; the shape must be static.
  [[nodiscard]] static Literal zeros(const Type& type);
  template <class T>
  [[nodiscard]] static Literal scalar(T value);
  template <class T>
  [[nodiscard]] std::span<const T> view() const {
    invariant(dtype_of<T> == type.dtype, "literal viewed as its own element type");
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
  template <class T>
  [[nodiscard]] std::span<T> view() {
    invariant(dtype_of<T> == type.dtype, "literal viewed as its own element type");
    return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
  bool operator==(const Literal&) const = default;  // bits, not values
};

template <class T>
Literal Literal::scalar(T value) {
  Literal literal = zeros({dtype_of<T>, {}});
  literal.view<T>()[0] = value;
  return literal;
}

}  // namespace sinter::ir
