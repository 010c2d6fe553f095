// Modes of differentiation, and gradients as functions.
#pragma once

#include <array>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "frontend/tensor.h"
#include "frontend/trace.h"

namespace sinter {

// No operation of this thread is recorded while it lives.
class NoGrad {
 public:
  NoGrad() : outer_(detail::set_grad_enabled(false)) {}
  ~NoGrad() { detail::set_grad_enabled(outer_); }
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool outer_;
};
// auto guard = no_grad();
[[nodiscard]] inline NoGrad no_grad() { return {}; }
// no_grad([&] { ... });
template <class F>
decltype(auto) no_grad(F&& f) {
  const NoGrad guard;
  return std::forward<F>(f)();
}
using detail::grad_enabled;
using detail::Switch;

// Adds gradients of `root` to the leaves it depends on; several roots' gradients may be asked for one after the other.
void backward(const Tensor& root, BackwardOptions options = {}, At at = At::current());

// Gradients of `of` (a scalar) with respect to tensors it was computed from; undefined where nothing flows.
[[nodiscard]] std::vector<Tensor> gradients(const Tensor& of, std::span<const Tensor> with_respect_to,
                                            BackwardOptions options = {}, At at = At::current());

namespace detail {
// Operations of this thread are recorded while it lives.
class RecordingScope {
 public:
  RecordingScope() : outer_(set_grad_enabled(true)) {}
  ~RecordingScope() { set_grad_enabled(outer_); }
  RecordingScope(const RecordingScope&) = delete;
  RecordingScope& operator=(const RecordingScope&) = delete;

 private:
  bool outer_;
};
// The tensor as argument `position` to differentiate with respect to. at: where grad(f) was made.
[[nodiscard]] Tensor marked_argument(const Tensor& x, int position, At at);
// Whether gradients of the value with respect to more than these may be asked for.
[[nodiscard]] bool depends_on_more(const Tensor& value, std::span<const Tensor> marked);
[[nodiscard]] std::vector<Tensor> gradients_of_result(const Tensor& of, std::span<const Tensor> marked,
                                                      bool create_graph, At at);
}  // namespace detail

// f(x, ...) -> scalar tensor, as a function that returns the value and the gradients with respect to all its arguments:
// one tensor for one argument, else a std::array of them.
template <class F>
[[nodiscard]] auto value_and_grad(F f, At at = At::current()) {
  return [f = std::move(f), at]<class... A>(const A&... arguments) {
    static_assert(sizeof...(A) > 0 && (std::is_same_v<A, Tensor> && ...), "value_and_grad(f): arguments are tensors");
    const bool recorded = detail::grad_enabled();
    const detail::RecordingScope recording;  // also under no_grad, which is about what stands around
    int position = 0;
    const std::array<Tensor, sizeof...(A)> marked{detail::marked_argument(arguments, ++position, at)...};
    Tensor value = std::apply(f, marked);
    // What the function captured stays on the tape, and so do arguments that are on it.
    const bool create_graph =
        recorded && ((arguments.requires_grad() || ...) || detail::depends_on_more(value, marked));
    std::vector<Tensor> found = detail::gradients_of_result(value, marked, create_graph, at);
    if (!create_graph) value = value.detach();
    if constexpr (sizeof...(A) == 1) {
      return std::pair<Tensor, Tensor>(value, found[0]);
    } else {
      std::array<Tensor, sizeof...(A)> gradients;
      std::ranges::move(found, gradients.begin());
      return std::pair<Tensor, std::array<Tensor, sizeof...(A)>>(value, gradients);
    }
  };
}

// The gradients alone. grad(grad(f)) is the second derivative.
template <class F>
[[nodiscard]] auto grad(F f, At at = At::current()) {
  return [g = value_and_grad(std::move(f), at)](const auto&... arguments) { return g(arguments...).second; };
}

}  // namespace sinter
