// Products of matrices, and what is composed of them, reductions and elementwise operations.
#include <algorithm>

#include "frontend/apply.h"
#include "frontend/composite.h"
#include "frontend/functions.h"

namespace sinter {
namespace {

using detail::apply;
using detail::apply_composite;
using detail::axis_of;
using detail::Composite;
using detail::named;
using detail::Scope;
using detail::Settings;

[[noreturn]] void report_product(const Tensor& a, const Tensor& b) {
  throw ShapeError(
      fmt::format(
          "matmul: argument 2 has shape {}, expected its second to last size (its only one, of a vector) to be that of "
          "argument 1's last, {}",
          to_string(b.shape()), to_string(a.shape())),
      "transpose one of them with .t()");
}
[[noreturn]] void report_batches(const Sizes& a, const Sizes& b) {
  throw ShapeError(
      fmt::format("matmul: argument 2 has shape {}, expected sizes before the last two that broadcast with "
                  "those of argument 1, {}",
                  to_string(b), to_string(a)),
      "reshape or unsqueeze one of them so that they agree, or are 1");
}

// DTypeError unless x, argument `position`, has the element type of argument 1.
void require_same_type(const Tensor& x, const char* name, int position, const Tensor& first) {
  if (x.dtype() == first.dtype()) return;
  throw DTypeError(fmt::format("{}: argument {} has element type {}, expected {}, that of argument 1", name, position,
                               torch_name(x.dtype()), torch_name(first.dtype())),
                   "convert one of them with .to(...)");
}

// Both with two dimensions or more: batches are broadcast.
Tensor batched(const Tensor& a, const Tensor& b) {
  const Sizes x = a.shape(), y = b.shape();
  if (x.rank() == 2 && y.rank() == 2) return apply(ir::ops::kDot, ir::NoAttributes{}, {a, b});
  const std::optional<Sizes> batch =
      detail::broadcast_of(Sizes(std::span(x.begin(), x.end() - 2)), Sizes(std::span(y.begin(), y.end() - 2)));
  if (!batch) report_batches(x, y);
  if (y.rank() == 2) {  // one matrix for all: one product of all rows
    Sizes shape(std::span(x.begin(), x.end() - 1));
    const Tensor rows = reshape(a, {shape.numel(), x[x.rank() - 1]});
    shape.push_back(y[1]);
    return reshape(apply(ir::ops::kDot, ir::NoAttributes{}, {rows, b}), shape);
  }
  const auto spread = [&](const Tensor& matrix, const Sizes& shape) {
    Sizes wanted = *batch;
    wanted.push_back(shape[shape.rank() - 2]);
    wanted.push_back(shape[shape.rank() - 1]);
    return detail::broadcast_to(matrix, wanted, "matmul");
  };
  return apply(ir::ops::kDot, ir::NoAttributes{}, {spread(a, x), spread(b, y)});
}

using Operands = std::span<const Tensor>;
using Results = std::vector<Tensor>;

// The largest along the axis, off the tape: softmax is the same whatever is subtracted.
Tensor shifted(const Tensor& x, int64_t axis) { return x.numel() == 0 ? x : x - amax(x, axis, true).detach(); }

// whole: the axis.
constexpr Composite kSoftmax{"softmax", [](Operands x, const Settings& settings) -> Results {
                               const Tensor powers = exp(shifted(x[0], settings.whole[0]));
                               return {powers / sum(powers, settings.whole[0], true)};
                             }};

constexpr Composite kLogSoftmax{"log_softmax", [](Operands x, const Settings& settings) -> Results {
                                  const Tensor shift = shifted(x[0], settings.whole[0]);
                                  return {shift - log(sum(exp(shift), settings.whole[0], true))};
                                }};

// whole: the first axis; real: eps. Operands: x, weight, bias, the last two perhaps undefined.
constexpr Composite kLayerNorm{"layer_norm", [](Operands x, const Settings& settings) -> Results {
                                 Axes axes(settings.whole[0]);
                                 for (int64_t axis = axes.list[0] + 1; axis < x[0].dim(); ++axis)
                                   axes.list.push_back(axis);
                                 const Tensor centred = x[0] - mean(x[0], axes, true);
                                 Tensor y = centred * rsqrt(mean(centred * centred, axes, true) + settings.real[0]);
                                 if (x[1].defined()) y = y * x[1];
                                 if (x[2].defined()) y = y + x[2];
                                 return {y};
                               }};

// whole: whether there is a label to ignore, and which. Operands: logits, labels.
constexpr Composite kCrossEntropy{"cross_entropy", [](Operands x, const Settings& settings) -> Results {
                                    const Tensor shift = shifted(x[0], 1), labels = x[1];
                                    const Tensor total = log(sum(exp(shift), 1));
                                    const bool ignores = settings.whole[0] != 0;
                                    Tensor chosen, counted, wanted = labels;
                                    if (ignores) {
                                      counted = labels != settings.whole[1];
                                      wanted = where(counted, labels, 0);
                                    }
                                    {
                                      const detail::ArgumentScope checked(2);
                                      chosen = apply(ir::ops::kGather, ir::GatherAttributes{1, 1}, {shift, wanted});
                                    }
                                    if (ignores) return {sum(where(counted, total - chosen, 0)) / sum(counted)};
                                    return {mean(total - chosen)};
                                  }};

constexpr Composite kMseLoss{"mse_loss", [](Operands x, const Settings&) -> Results {
                               const Tensor difference = x[0] - x[1];
                               return {mean(difference * difference)};
                             }};

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b, At at) {
  const detail::CallScope location(at);
  detail::require_defined(a, "matmul", 1);
  detail::require_defined(b, "matmul", 2);
  if (a.dim() == 0 || b.dim() == 0)
    throw ShapeError(
        fmt::format("matmul: argument {} has shape [], expected at least 1 dimension", a.dim() == 0 ? 1 : 2),
        "multiply by a number with *");
  detail::require_float(a, "matmul", 1);
  require_same_type(b, "matmul", 2, a);
  const Scope scope("matmul");
  const Tensor x = a.dim() == 1 ? unsqueeze(a, 0, at) : a, y = b.dim() == 1 ? unsqueeze(b, 1, at) : b;
  if (x.size(-1) != y.size(-2)) report_product(a, b);
  Tensor product = batched(x, y);
  if (a.dim() == 1) product = squeeze(product, b.dim() == 1 ? -2 : product.dim() - 2, at);
  if (b.dim() == 1) product = squeeze(product, -1, at);
  const bool vectors = a.dim() == 1 && b.dim() == 1, matrices = a.dim() == 2 && b.dim() == 2;
  return named(product, vectors        ? "DotBackward0"
                        : matrices     ? "MmBackward0"
                        : a.dim() == 2 ? "MvBackward0"
                                       : "UnsafeViewBackward0");
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, At at) {
  const detail::CallScope location(at);
  detail::require_float(x, "linear", 1);
  detail::require_defined(weight, "linear", 2);
  require_same_type(weight, "linear", 2, x);
  if (weight.dim() != 2)
    throw ShapeError(
        fmt::format("linear: argument 2 has shape {}, expected [out, in], 2 dimensions", to_string(weight.shape())));
  if (x.dim() == 0 || x.size(-1) != weight.size(1))
    throw ShapeError(fmt::format("linear: argument 1 has shape {}, expected [..., {}] for a weight of shape {}",
                                 to_string(x.shape()), weight.size(1), to_string(weight.shape())),
                     "flatten(x, 1) makes rows of images");
  if (bias.defined()) {
    require_same_type(bias, "linear", 3, x);
    if (bias.shape() != Sizes{weight.size(0)})
      throw ShapeError(fmt::format("linear: argument 3 has shape {}, expected [{}] for a weight of shape {}",
                                   to_string(bias.shape()), weight.size(0), to_string(weight.shape())));
  }
  const Scope scope("linear");
  Tensor product = matmul(x, t(weight, at), at);
  if (!bias.defined()) return product;
  return named(product + bias, x.dim() == 2 ? "AddmmBackward0" : "ViewBackward0");
}

Tensor softmax(const Tensor& x, int64_t axis, At at) {
  const detail::CallScope location(at);
  detail::require_float(x, "softmax", 1);
  const int64_t along = axis_of(x, axis, "softmax");
  const Scope scope("softmax");
  return named(apply_composite(kSoftmax, {x}, {.whole = {along}}), "SoftmaxBackward0");
}

Tensor log_softmax(const Tensor& x, int64_t axis, At at) {
  const detail::CallScope location(at);
  detail::require_float(x, "log_softmax", 1);
  const int64_t along = axis_of(x, axis, "log_softmax");
  const Scope scope("log_softmax");
  return named(apply_composite(kLogSoftmax, {x}, {.whole = {along}}), "LogSoftmaxBackward0");
}

Tensor layer_norm(const Tensor& x, const Sizes& normalized_shape, const Tensor& weight, const Tensor& bias, double eps,
                  At at) {
  const detail::CallScope location(at);
  detail::require_float(x, "layer_norm", 1);
  const Sizes shape = x.shape();
  const int rank = shape.rank(), first = rank - normalized_shape.rank();
  if (normalized_shape.empty()) throw ShapeError("layer_norm: argument 2 is [], expected at least 1 size");
  if (!(eps >= 0)) throw ValueError(fmt::format("layer_norm: argument 5, eps, is {}, expected 0 or more", eps));
  if (first < 0 || Sizes(std::span(shape).subspan(static_cast<size_t>(first))) != normalized_shape)
    throw ShapeError(fmt::format("layer_norm: argument 1 has shape {}, expected its last sizes to be argument 2, {}",
                                 to_string(shape), to_string(normalized_shape)));
  for (int position = 3; position <= 4; ++position) {
    const Tensor& factor = position == 3 ? weight : bias;
    if (factor.defined()) require_same_type(factor, "layer_norm", position, x);
    if (factor.defined() && factor.shape() != normalized_shape)
      throw ShapeError(fmt::format("layer_norm: argument {} has shape {}, expected {}, that of argument 2", position,
                                   to_string(factor.shape()), to_string(normalized_shape)));
  }
  const Scope scope("layer_norm");
  return named(apply_composite(kLayerNorm, {x, weight, bias}, {.whole = {first}, .real = {eps}}),
               "NativeLayerNormBackward0");
}

Tensor cross_entropy(const Tensor& logits, const Tensor& labels, std::optional<int64_t> ignore_index, At at) {
  const detail::CallScope location(at);
  detail::require_float(logits, "cross_entropy", 1);
  detail::require_defined(labels, "cross_entropy", 2);
  if (logits.dim() != 2)
    throw ShapeError(
        fmt::format("cross_entropy: argument 1 has shape {}, expected [rows, classes]", to_string(logits.shape())));
  if (labels.dtype() != kInt64)
    throw DTypeError(fmt::format("cross_entropy: argument 2 has element type {}, expected int64 class numbers",
                                 torch_name(labels.dtype())),
                     "convert it with .to(kInt64)");
  if (labels.shape() != Sizes{logits.size(0)})
    throw ShapeError(
        fmt::format("cross_entropy: argument 2 has shape {}, expected [{}], one label a row of argument 1, {}",
                    to_string(labels.shape()), logits.size(0), to_string(logits.shape())));
  const Scope scope("cross_entropy");
  return named(
      apply_composite(kCrossEntropy, {logits, labels}, {.whole = {ignore_index.has_value(), ignore_index.value_or(0)}}),
      "NllLossBackward0");
}

Tensor mse_loss(const Tensor& x, const Tensor& target, At at) {
  const detail::CallScope location(at);
  detail::require_float(x, "mse_loss", 1);
  detail::require_float(target, "mse_loss", 2);
  (void)detail::broadcast_shape(x.shape(), target.shape(), "mse_loss", 2);
  const Scope scope("mse_loss");
  return named(apply_composite(kMseLoss, {x, target}), "MseLossBackward0");
}

}  // namespace sinter
