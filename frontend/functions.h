// The functions of the front end that are not one elementwise operation. Names, defaults and numerics follow PyTorch.
#pragma once

#include <initializer_list>
#include <limits>
#include <optional>
#include <span>

#include "frontend/elementwise.h"
#include "frontend/tensor.h"

namespace sinter {

// Reductions. Without axes: over all elements. keepdim leaves axes of size 1. Sums and products of bool are i64.
[[nodiscard]] Tensor sum(const Tensor& x, const Axes& axes = {}, bool keepdim = false, At at = At::current());
[[nodiscard]] Tensor mean(const Tensor& x, const Axes& axes = {}, bool keepdim = false, At at = At::current());
[[nodiscard]] Tensor prod(const Tensor& x, const Axes& axes = {}, bool keepdim = false, At at = At::current());
// Variance with Bessel's correction.
[[nodiscard]] Tensor var(const Tensor& x, const Axes& axes = {}, bool keepdim = false, At at = At::current());
// The largest and smallest element; gradients are shared evenly among equals. NaN if any element is.
[[nodiscard]] Tensor max(const Tensor& x, At at = At::current());
[[nodiscard]] Tensor min(const Tensor& x, At at = At::current());
[[nodiscard]] Tensor amax(const Tensor& x, const Axes& axes = {}, bool keepdim = false, At at = At::current());
[[nodiscard]] Tensor amin(const Tensor& x, const Axes& axes = {}, bool keepdim = false, At at = At::current());
// The largest elements along an axis and where they are; the gradient goes to those.
[[nodiscard]] MaxResult max(const Tensor& x, int64_t axis, bool keepdim = false, At at = At::current());
// The index of the largest element (of the flattened tensor without an axis): the lowest among equals.
[[nodiscard]] Tensor argmax(const Tensor& x, std::optional<int64_t> axis = {}, bool keepdim = false,
                            At at = At::current());

// Shapes. Where the memory allows, the result is a view.
[[nodiscard]] Tensor reshape(const Tensor& x, const Sizes& shape, At at = At::current());  // one size may be -1
[[nodiscard]] Tensor flatten(const Tensor& x, int64_t first = 0, int64_t last = -1, At at = At::current());
[[nodiscard]] Tensor transpose(const Tensor& x, int64_t a, int64_t b, At at = At::current());
[[nodiscard]] Tensor t(const Tensor& x, At at = At::current());
[[nodiscard]] Tensor permute(const Tensor& x, const Sizes& order, At at = At::current());
[[nodiscard]] Tensor squeeze(const Tensor& x, At at = At::current());
[[nodiscard]] Tensor squeeze(const Tensor& x, int64_t axis, At at = At::current());
[[nodiscard]] Tensor unsqueeze(const Tensor& x, int64_t axis, At at = At::current());
[[nodiscard]] Tensor expand(const Tensor& x, const Sizes& shape, At at = At::current());  // -1 keeps a size
[[nodiscard]] Tensor slice(const Tensor& x, int64_t axis, int64_t start,
                           int64_t stop = std::numeric_limits<int64_t>::max(), int64_t step = 1, At at = At::current());
[[nodiscard]] Tensor select(const Tensor& x, int64_t axis, int64_t index, At at = At::current());
[[nodiscard]] Tensor cat(std::span<const Tensor> parts, int64_t axis = 0, At at = At::current());
[[nodiscard]] Tensor cat(std::initializer_list<Tensor> parts, int64_t axis = 0, At at = At::current());
[[nodiscard]] Tensor stack(std::span<const Tensor> parts, int64_t axis = 0, At at = At::current());
[[nodiscard]] Tensor stack(std::initializer_list<Tensor> parts, int64_t axis = 0, At at = At::current());

// Choice and indexing. Indices are i64; one out of range is an IndexError.
[[nodiscard]] Tensor where(const Tensor& condition, const Arg& a, const Arg& b, At at = At::current());
// A bound of clamp: a number, or none. The conversion notes the user's line.
struct Bound {
  std::optional<Arg> given;
  Bound() = default;
  Bound(std::nullopt_t) {}                     // NOLINT
  Bound(const Arg& number) : given(number) {}  // NOLINT
  template <class T>
    requires std::is_arithmetic_v<T>
  Bound(T number, At at = At::current()) : given(Arg(number, at)) {}              // NOLINT
  Bound(const Tensor& tensor, At at = At::current()) : given(Arg(tensor, at)) {}  // NOLINT: refused by name
  template <class T>
  Bound(const std::optional<T>& number, At at = At::current()) {  // NOLINT
    if (number) given.emplace(*number, at);
  }
};
// Between numbers, in the type that x and they make together: whole ones leave integers as they are.
[[nodiscard]] Tensor clamp(const Tensor& x, const Bound& low, const Bound& high = {}, At at = At::current());
[[nodiscard]] Tensor index_select(const Tensor& x, int64_t axis, const Tensor& indices, At at = At::current());
// Element [..., index[..., j, ...], ...] along the axis; the other axes of both have equal sizes.
[[nodiscard]] Tensor gather(const Tensor& x, int64_t axis, const Tensor& indices, At at = At::current());
// A new tensor with a part replaced by a number, or by a tensor that broadcasts to the part; the element type stays.
// slice_scatter replaces what slice(x, axis, start, stop, step) gives, select_scatter what select(x, axis, index)
// gives, masked_fill the elements where the mask (bool, broadcast with x) holds.
[[nodiscard]] Tensor slice_scatter(const Tensor& x, const Arg& src, int64_t axis = 0, int64_t start = 0,
                                   int64_t stop = std::numeric_limits<int64_t>::max(), int64_t step = 1,
                                   At at = At::current());
[[nodiscard]] Tensor select_scatter(const Tensor& x, const Arg& src, int64_t axis, int64_t index,
                                    At at = At::current());
[[nodiscard]] Tensor masked_fill(const Tensor& x, const Tensor& mask, const Arg& value, At at = At::current());
[[nodiscard]] Tensor one_hot(const Tensor& indices, int64_t classes, At at = At::current());

// Exact for exponents 0, 0.5, 1, 2, 3, -0.5, -1 and -2: x * x rather than a logarithm. Integers to integers are
// integers, which wrap; to a negative one in a tensor they are 0, but for 1 and -1, and a negative number is a
// ValueError.
[[nodiscard]] Tensor pow(const Tensor& x, const Arg& exponent, At at = At::current());

// Linear algebra.
[[nodiscard]] Tensor matmul(const Tensor& a, const Tensor& b,
                            At at = At::current());  // vectors, matrices, batches, as PyTorch
[[nodiscard]] Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                            At at = At::current());  // x W^T + b

// Composites.
[[nodiscard]] Tensor softmax(const Tensor& x, int64_t axis, At at = At::current());
[[nodiscard]] Tensor log_softmax(const Tensor& x, int64_t axis, At at = At::current());
// Over the last axes, which have this shape, each part's mean is 0 and its (biased) variance 1; then times weight, plus
// bias, where given.
[[nodiscard]] Tensor layer_norm(const Tensor& x, const Sizes& normalized_shape, const Tensor& weight = {},
                                const Tensor& bias = {}, double eps = 1e-5, At at = At::current());
// Logits [N, C], labels i64 [N]: the mean over the rows whose label is not ignore_index.
[[nodiscard]] Tensor cross_entropy(const Tensor& logits, const Tensor& labels, std::optional<int64_t> ignore_index = {},
                                   At at = At::current());
[[nodiscard]] Tensor mse_loss(const Tensor& x, const Tensor& target, At at = At::current());  // mean

}  // namespace sinter
