// Tensor: what users compute with. An immutable value, or a handle to a cell (frontend/cell.h): copies are cheap and
// share.
#pragma once

#include <concepts>
#include <limits>
#include <optional>
#include <source_location>
#include <string>
#include <vector>

#include "frontend/impl.h"
#include "frontend/sizes.h"

// x[0, 1] would silently be x[1] under C++20; write x[0][1].
#ifdef __clang__
#pragma GCC diagnostic error "-Wdeprecated-comma-subscript"
#else
#pragma GCC diagnostic error "-Wcomma-subscript"
#endif

namespace sinter {

using At = std::source_location;  // the user's line: the last argument of every public function

struct BackwardOptions {
  bool retain_graph = false;
  bool create_graph = false;  // gradients can be differentiated again; implies retain_graph
};

// Axes of a reduction: all, one, or a list. Negative ones count from the end.
struct Axes {
  Sizes list;
  bool all = false;
  Axes() : all(true) {}
  Axes(int64_t axis) : list{axis} {}  // NOLINT: an axis is a list of one
  Axes(std::initializer_list<int64_t> axes) : list(axes) {}
};

struct MaxResult;
class Arg;

// Where operator[] looks: the conversion notes the user's line.
struct Position {
  int64_t index;
  At at;
  template <std::integral T>
  Position(T i, At where = At::current()) : index(to_int64(i, where)), at(where) {}  // NOLINT: an index is one
};

namespace detail {
template <class T>
void assigned_to_temporary() {
  static_assert(
      sizeof(T) == 0,
      "this assigns to a temporary tensor and changes nothing: use slice_scatter, select_scatter, masked_fill "
      "or where for a new tensor with a part replaced; write a cell with set, set_slice, set_select or "
      "set_where");
}
}  // namespace detail

class Tensor {
 public:
  Tensor() = default;  // undefined: no gradient yet, for example
  Tensor(const Tensor&) = default;
  Tensor(Tensor&&) = default;
  ~Tensor() = default;
  // These give the handle a new value. x[0] = y would be lost: it does not compile.
  Tensor& operator=(const Tensor&) & = default;
  Tensor& operator=(Tensor&&) & = default;
  template <class T = Tensor>
  void operator=(T&&) && {  // NOLINT: for the message
    detail::assigned_to_temporary<T>();
  }
  explicit Tensor(detail::Ref<detail::Impl> impl) : impl_(std::move(impl)) {}

  [[nodiscard]] bool defined() const { return static_cast<bool>(impl_); }
  [[nodiscard]] DType dtype(At at = At::current()) const;
  [[nodiscard]] Device device(At at = At::current()) const;
  [[nodiscard]] Sizes shape(At at = At::current()) const;
  [[nodiscard]] int64_t size(int64_t axis, At at = At::current()) const;
  [[nodiscard]] int64_t dim(At at = At::current()) const;
  [[nodiscard]] int64_t numel(At at = At::current()) const;
  [[nodiscard]] bool is_contiguous() const;

  // Data. All of it is an error under jit, where values are not known while tracing.
  // The only element, as T.
  template <class T = double>
  [[nodiscard]] T item(At at = At::current()) const;
  // Row-major elements; the memory lives as long as a tensor that shares it. DTypeError unless T is the element type.
  // Of a tensor on another device: a copy made by this call, which lives as long as this tensor.
  template <class T>
  [[nodiscard]] const T* data(At at = At::current()) const;
  // The elements, converted to T.
  template <class T>
  [[nodiscard]] std::vector<T> to_vector(At at = At::current()) const;
  // Whether the only element is not zero.
  explicit operator bool() const;

  // Autograd.
  [[nodiscard]] bool requires_grad() const;
  [[nodiscard]] bool is_leaf() const;
  // Turns this tensor into a leaf: a handle to a new cell that collects gradients.
  Tensor& requires_grad_(bool wanted = true, At at = At::current());
  // Gradients of this scalar are added to `.grad()` of every leaf it depends on.
  void backward(BackwardOptions options = {}, At at = At::current()) const;
  // The same for any tensor, seeded by `gradient`.
  void backward(const Tensor& gradient, BackwardOptions options = {}, At at = At::current()) const;
  // What backward() collected; undefined if nothing.
  [[nodiscard]] Tensor grad(At at = At::current()) const;
  void set_grad(const Tensor& grad, At at = At::current()) const;
  void zero_grad(At at = At::current()) const;
  [[nodiscard]] Tensor detach(At at = At::current()) const;

  // Cells.
  [[nodiscard]] bool is_cell() const;
  // Writes the cell; shape, dtype and device stay.
  void set(const Tensor& value, At at = At::current()) const;
  // Writes a part of the cell, which slice, select or a mask chooses: a number, or a tensor that broadcasts to the
  // part.
  void set_slice(const Arg& value, int64_t axis, int64_t start, int64_t stop = std::numeric_limits<int64_t>::max(),
                 int64_t step = 1, At at = At::current()) const;
  void set_select(const Arg& value, int64_t axis, int64_t index, At at = At::current()) const;
  void set_where(const Tensor& mask, const Arg& value, At at = At::current()) const;
  const Tensor& set_name(const std::string& name, At at = At::current()) const;
  [[nodiscard]] std::string name() const;

  [[nodiscard]] Tensor clone(At at = At::current()) const;
  // Itself where it is row-major, else a copy, which is the same value to gradients.
  [[nodiscard]] Tensor contiguous(At at = At::current()) const;
  [[nodiscard]] Tensor to(DType dtype, At at = At::current()) const;
  // The same elements on a device: itself where they are there, else a copy, made in order with all else that runs
  // there; only a copy to the CPU waits. Gradients flow back to where the tensor was. Under jit an error unless it is
  // there already: a jitted function runs on one device.
  [[nodiscard]] Tensor to(Device device, At at = At::current()) const;
  [[nodiscard]] Tensor cuda(At at = At::current()) const { return to(Device("cuda"), at); }
  [[nodiscard]] Tensor cpu(At at = At::current()) const { return to(Device(), at); }
  [[nodiscard]] Tensor operator[](const Position& position) const;

  // The functions of frontend/functions.h that are also members.
  [[nodiscard]] Tensor sum(const Axes& axes = {}, bool keepdim = false, At at = At::current()) const;
  [[nodiscard]] Tensor mean(const Axes& axes = {}, bool keepdim = false, At at = At::current()) const;
  [[nodiscard]] Tensor var(const Axes& axes = {}, bool keepdim = false, At at = At::current()) const;
  [[nodiscard]] Tensor max(At at = At::current()) const;
  [[nodiscard]] MaxResult max(int64_t axis, bool keepdim = false, At at = At::current()) const;
  [[nodiscard]] Tensor min(At at = At::current()) const;
  [[nodiscard]] Tensor argmax(std::optional<int64_t> axis = {}, bool keepdim = false, At at = At::current()) const;
  [[nodiscard]] Tensor reshape(const Sizes& shape, At at = At::current()) const;
  [[nodiscard]] Tensor view(const Sizes& shape, At at = At::current()) const;
  [[nodiscard]] Tensor flatten(int64_t first = 0, int64_t last = -1, At at = At::current()) const;
  [[nodiscard]] Tensor transpose(int64_t a, int64_t b, At at = At::current()) const;
  [[nodiscard]] Tensor t(At at = At::current()) const;
  [[nodiscard]] Tensor permute(const Sizes& order, At at = At::current()) const;
  [[nodiscard]] Tensor squeeze(At at = At::current()) const;
  [[nodiscard]] Tensor squeeze(int64_t axis, At at = At::current()) const;
  [[nodiscard]] Tensor unsqueeze(int64_t axis, At at = At::current()) const;
  [[nodiscard]] Tensor expand(const Sizes& shape, At at = At::current()) const;
  [[nodiscard]] Tensor slice(int64_t axis, int64_t start, int64_t stop = std::numeric_limits<int64_t>::max(),
                             int64_t step = 1, At at = At::current()) const;
  [[nodiscard]] Tensor select(int64_t axis, int64_t index, At at = At::current()) const;
  [[nodiscard]] Tensor slice_scatter(const Arg& src, int64_t axis = 0, int64_t start = 0,
                                     int64_t stop = std::numeric_limits<int64_t>::max(), int64_t step = 1,
                                     At at = At::current()) const;
  [[nodiscard]] Tensor select_scatter(const Arg& src, int64_t axis, int64_t index, At at = At::current()) const;
  [[nodiscard]] Tensor masked_fill(const Tensor& mask, const Arg& value, At at = At::current()) const;
  [[nodiscard]] Tensor matmul(const Tensor& other, At at = At::current()) const;
  [[nodiscard]] Tensor pow(const Arg& exponent, At at = At::current()) const;
  [[nodiscard]] Tensor relu(At at = At::current()) const;
  [[nodiscard]] Tensor exp(At at = At::current()) const;
  [[nodiscard]] Tensor log(At at = At::current()) const;
  [[nodiscard]] Tensor sqrt(At at = At::current()) const;
  [[nodiscard]] Tensor abs(At at = At::current()) const;

  [[nodiscard]] const detail::Ref<detail::Impl>& impl() const { return impl_; }

 private:
  detail::Ref<detail::Impl> impl_;
};

struct MaxResult {  // of max along an axis
  Tensor values, indices;
};

// An argument that is a tensor or a number. Numbers are weak: they take the other side's dtype where its kind allows.
// The conversion notes the user's line, which is how operators get theirs.
class Arg {
 public:
  Arg(const Tensor& tensor, At at = At::current()) : tensor_(&tensor), at_(at) {}  // NOLINT
  template <class T>
    requires std::is_arithmetic_v<T>
  Arg(T number, At at = At::current())  // NOLINT
      : kind_(std::is_same_v<T, bool> ? kBool
              : std::is_integral_v<T> ? kInt64
                                      : kFloat64),
        real_(static_cast<double>(number)),
        at_(at) {
    if constexpr (std::is_integral_v<T>) integer_ = to_int64(number, at);
  }

  [[nodiscard]] bool is_tensor() const { return tensor_ != nullptr; }
  [[nodiscard]] const Tensor& tensor() const { return *tensor_; }
  [[nodiscard]] DType kind() const { return kind_; }  // of a number: kBool, kInt64, kFloat64
  [[nodiscard]] double real() const { return real_; }
  [[nodiscard]] int64_t integer() const { return integer_; }  // of an integer or bool
  [[nodiscard]] const At& at() const { return at_; }

 private:
  const Tensor* tensor_ = nullptr;
  DType kind_ = kFloat64;
  double real_ = 0;
  int64_t integer_ = 0;
  At at_;
};

Tensor operator+(const Arg& a, const Arg& b);
Tensor operator-(const Arg& a, const Arg& b);
Tensor operator*(const Arg& a, const Arg& b);
Tensor operator/(const Arg& a, const Arg& b);  // true division: integers give f32
Tensor operator-(const Arg& x);
Tensor operator==(const Arg& a, const Arg& b);  // comparisons give bool tensors
Tensor operator!=(const Arg& a, const Arg& b);
Tensor operator<(const Arg& a, const Arg& b);
Tensor operator<=(const Arg& a, const Arg& b);
Tensor operator>(const Arg& a, const Arg& b);
Tensor operator>=(const Arg& a, const Arg& b);
Tensor operator!(const Tensor& x);
Tensor operator&(const Arg& a, const Arg& b);  // of bool tensors: logical; of integers: on the bits
Tensor operator|(const Arg& a, const Arg& b);
Tensor operator^(const Arg& a, const Arg& b);
Tensor operator~(const Arg& x);
Tensor operator<<(const Arg& a, const Arg& b);
Tensor operator>>(const Arg& a, const Arg& b);  // the sign stays
// These give the handle a new value; a cell is written by set().
Tensor& operator+=(Tensor& a, const Arg& b);
Tensor& operator-=(Tensor& a, const Arg& b);
Tensor& operator*=(Tensor& a, const Arg& b);
Tensor& operator/=(Tensor& a, const Arg& b);
// Of a temporary, as in x[0] += y, they do not compile.
template <std::same_as<Tensor> T>
void operator+=(T&&, const Arg&) {
  detail::assigned_to_temporary<T>();
}
template <std::same_as<Tensor> T>
void operator-=(T&&, const Arg&) {
  detail::assigned_to_temporary<T>();
}
template <std::same_as<Tensor> T>
void operator*=(T&&, const Arg&) {
  detail::assigned_to_temporary<T>();
}
template <std::same_as<Tensor> T>
void operator/=(T&&, const Arg&) {
  detail::assigned_to_temporary<T>();
}

}  // namespace sinter
