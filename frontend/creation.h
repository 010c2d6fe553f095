// Making tensors.
#pragma once

#include <functional>
#include <initializer_list>
#include <type_traits>

#include "frontend/call_scope.h"
#include "frontend/tensor.h"

namespace sinter {

struct TensorOptions {
  std::optional<DType> dtype;    // else: as PyTorch would choose
  std::optional<Device> device;  // else: what SINTER_DEVICE says
  bool requires_grad = false;
};

namespace detail {
// The dtype that a list of C++ numbers makes: floats f32, integers i64.
template <class T>
inline constexpr DType kNaturalDType = std::is_same_v<T, bool> ? kBool
                                       : std::is_integral_v<T> ? kInt64
                                                               : kFloat32;

// natural: the dtype, unless the options name one.
[[nodiscard]] Tensor from_elements(const double* elements, const Sizes& shape, DType natural,
                                   const TensorOptions& options);
[[nodiscard]] Tensor from_elements(const int64_t* elements, const Sizes& shape, DType natural,
                                   const TensorOptions& options);
[[noreturn]] void report_ragged();

// Whole numbers as int64; others as double.
template <class T>
[[nodiscard]] auto widened(T number) {
  if constexpr (std::is_integral_v<T>)
    return to_int64(number, {});
  else
    return static_cast<double>(number);
}

template <class T>
struct Elements {  // of nested lists
  std::vector<decltype(widened(T()))> flat;
  Sizes shape;
  void add(const T& number, int) { flat.push_back(widened(number)); }
  template <class List>
  void add(const std::initializer_list<List>& list, int depth) {
    const auto size = static_cast<int64_t>(list.size());
    if (shape.rank() == depth) shape.push_back(size);
    if (shape[depth] != size) report_ragged();
    for (const List& entry : list) add(entry, depth + 1);
  }
};
template <class T, class List>
[[nodiscard]] Tensor from_lists(const List& list, const TensorOptions& options, At at) {
  const detail::CallScope location(at);
  Elements<T> elements;
  elements.add(list, 0);
  return from_elements(elements.flat.data(), elements.shape, kNaturalDType<T>, options);
}
}  // namespace detail

// tensor(3.), tensor({1, 2}), tensor({{1., 2.}, {3., 4.}}), to three levels; std::vector as well.
template <class T>
  requires std::is_arithmetic_v<T>
[[nodiscard]] Tensor tensor(T number, const TensorOptions& options = {}, At at = At::current()) {
  return detail::from_lists<T>(number, options, at);
}
template <class T>
  requires std::is_arithmetic_v<T>
[[nodiscard]] Tensor tensor(std::initializer_list<T> list, const TensorOptions& options = {}, At at = At::current()) {
  return detail::from_lists<T>(list, options, at);
}
template <class T>
  requires std::is_arithmetic_v<T>
[[nodiscard]] Tensor tensor(std::initializer_list<std::initializer_list<T>> list, const TensorOptions& options = {},
                            At at = At::current()) {
  return detail::from_lists<T>(list, options, at);
}
template <class T>
  requires std::is_arithmetic_v<T>
[[nodiscard]] Tensor tensor(std::initializer_list<std::initializer_list<std::initializer_list<T>>> list,
                            const TensorOptions& options = {}, At at = At::current()) {
  return detail::from_lists<T>(list, options, at);
}
template <class T>
  requires std::is_arithmetic_v<T>
[[nodiscard]] Tensor tensor(const std::vector<T>& elements, const TensorOptions& options = {}, At at = At::current()) {
  const detail::CallScope location(at);
  std::vector<decltype(detail::widened(T()))> flat;
  flat.reserve(elements.size());
  for (const T element : elements) flat.push_back(detail::widened(element));
  return detail::from_elements(flat.data(), {static_cast<int64_t>(flat.size())}, detail::kNaturalDType<T>, options);
}

// C++ types that tensors hold.
template <class T>
concept Element =
    std::same_as<T, bool> || std::same_as<T, int64_t> || std::same_as<T, float> || std::same_as<T, double>;

// A copy of row-major elements, on the CPU.
template <Element T>
[[nodiscard]] Tensor from_data(const T* data, const Sizes& shape, At at = At::current());
// The caller's row-major memory (the host's), used in place: it must outlive the tensor and all that share its memory,
// or `done` is called when the last of them goes. What is written there is seen by the tensor.
template <Element T>
[[nodiscard]] Tensor from_blob(T* data, const Sizes& shape, std::function<void()> done = nullptr,
                               At at = At::current());
// Chosen for other types, to say so.
template <class T>
  requires(!Element<T>)
Tensor from_data(const T*, const Sizes&) {
  static_assert(Element<T>, "from_data: tensors hold bool, int64_t, float and double; tensor(std::vector) converts");
  return {};
}
template <class T>
  requires(!Element<T>)
Tensor from_blob(T*, const Sizes&, const std::function<void()>& = nullptr) {
  static_assert(Element<T>, "from_blob: tensors hold bool, int64_t, float and double; tensor(std::vector) converts");
  return {};
}

// Numbers take dtype float32 unless asked otherwise; zeros_like and ones_like go where x is. While tracing, these are
// made by the graph.
[[nodiscard]] Tensor zeros(const Sizes& shape, const TensorOptions& options = {}, At at = At::current());
[[nodiscard]] Tensor ones(const Sizes& shape, const TensorOptions& options = {}, At at = At::current());
[[nodiscard]] Tensor full(const Sizes& shape, const Arg& value, const TensorOptions& options = {},
                          At at = At::current());
[[nodiscard]] Tensor zeros_like(const Tensor& x, At at = At::current());
[[nodiscard]] Tensor ones_like(const Tensor& x, At at = At::current());
// start, start + step, ... below stop.
[[nodiscard]] Tensor arange(const Arg& stop, At at = At::current());
[[nodiscard]] Tensor arange(const Arg& start, const Arg& stop, const Arg& step = 1, At at = At::current());

// A cell that collects no gradient: a moment, a counter, a learning rate. Written by set().
[[nodiscard]] Tensor variable(const Tensor& value, const std::string& name = "", At at = At::current());

// Random numbers: counter based, the same bits in both engines and on any number of threads. Every call takes the next
// stream of the process's generator.
void manual_seed(int64_t seed);
// The generator's cell, i64[2]: seed and next stream. Saved and restored with checkpoints.
[[nodiscard]] Tensor generator();
[[nodiscard]] Tensor rand(const Sizes& shape, const TensorOptions& options = {},
                          At at = At::current());  // uniform in [0, 1)
[[nodiscard]] Tensor randn(const Sizes& shape, const TensorOptions& options = {},
                           At at = At::current());                                                   // standard normal
[[nodiscard]] Tensor randint(int64_t low, int64_t high, const Sizes& shape, At at = At::current());  // in [low, high)

}  // namespace sinter
