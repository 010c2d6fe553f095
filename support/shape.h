// Shapes: a list of dimensions, each a constant or a run-time symbol (printed s0, s1, ...).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "support/error.h"

namespace sinter {

class Dim {
 public:
  constexpr Dim(int64_t value) : raw_(value) {}  // NOLINT: a number is a dimension
  [[nodiscard]] static constexpr Dim symbol(int id) { return Dim(-1 - int64_t{id}); }
  [[nodiscard]] constexpr bool is_symbol() const { return raw_ < 0; }
  [[nodiscard]] constexpr bool is(int64_t value) const { return raw_ == value; }
  [[nodiscard]] constexpr int symbol_id() const { return static_cast<int>(-1 - raw_); }
  // The constant; an internal error on a symbol.
  [[nodiscard]] int64_t value() const {
    invariant(!is_symbol(), "dimension is a constant");
    return raw_;
  }
  constexpr auto operator<=>(const Dim&) const = default;

 private:
  int64_t raw_;
};

[[nodiscard]] std::string to_string(Dim dim);

class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<Dim> dims) : dims_(dims) {}
  explicit Shape(std::vector<Dim> dims) : dims_(std::move(dims)) {}
  explicit Shape(const std::vector<int64_t>& dims) : dims_(dims.begin(), dims.end()) {}

  [[nodiscard]] int64_t rank() const { return static_cast<int64_t>(dims_.size()); }
  [[nodiscard]] Dim operator[](int64_t axis) const { return dims_[static_cast<size_t>(axis)]; }
  [[nodiscard]] Dim& operator[](int64_t axis) { return dims_[static_cast<size_t>(axis)]; }
  [[nodiscard]] auto begin() const { return dims_.begin(); }
  [[nodiscard]] auto end() const { return dims_.end(); }
  [[nodiscard]] const std::vector<Dim>& dims() const { return dims_; }
  void push_back(Dim dim) { dims_.push_back(dim); }
  [[nodiscard]] bool is_static() const;
  // Number of elements; every dimension must be a constant. ShapeError when it does not fit in 63 bits.
  [[nodiscard]] int64_t numel() const;
  // Row-major strides in elements; every dimension but the first must be a constant.
  [[nodiscard]] std::vector<int64_t> strides() const;
  // The constant dimensions; every dimension must be a constant.
  [[nodiscard]] std::vector<int64_t> values() const;
  bool operator==(const Shape&) const = default;

 private:
  std::vector<Dim> dims_;
};

// "[2, 3]", "[s0, 4]", "[]".
[[nodiscard]] std::string to_string(const Shape& shape);

// Axis in [0, rank), counting negative axes from the end; IndexError names the operation otherwise.
[[nodiscard]] int64_t normalize_axis(int64_t axis, int64_t rank, const char* operation);

}  // namespace sinter
