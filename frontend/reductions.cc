// Sums, means, variances, extremes and where they are.
#include <algorithm>

#include "frontend/apply.h"
#include "frontend/functions.h"

namespace sinter {
namespace {

using detail::apply;
using detail::named;

// Ascending, non-negative, each once.
ir::Integers normalized(const Axes& axes, int64_t rank, const char* name) {
  ir::Integers list;
  for (int64_t axis : axes.list) list.push_back(normalize_axis(axis, rank, name));
  std::ranges::sort(list);
  if (std::ranges::adjacent_find(list) != list.end())
    throw IndexError(fmt::format("{}: an axis appears twice in {}", name, to_string(axes.list)));
  return list;
}
ir::Integers all_axes(const Tensor& x) {
  ir::Integers list;
  for (int64_t axis = 0; axis < x.dim(); ++axis) list.push_back(axis);
  return list;
}

Tensor with_kept_axes(const Tensor& reduced, const Tensor& x, const ir::Integers& axes, bool keepdim) {
  if (!keepdim) return reduced;
  Sizes shape = x.shape();
  for (int64_t axis : axes) shape[axis] = 1;
  return apply(ir::ops::kReshape, ir::ShapeAttributes{shape.shape()}, {reduced});
}

Tensor reduced(const ir::OpDef& def, const Tensor& x, const ir::Integers& axes, bool keepdim) {
  return with_kept_axes(apply(def, ir::AxesAttributes{axes}, {x}), x, axes, keepdim);
}

int64_t count(const Tensor& x, const ir::Integers& axes) {
  int64_t elements = 1;
  for (int64_t axis : axes) elements *= x.shape()[axis];
  return elements;
}

// Sums and products of bool are i64.
Tensor summable(const Tensor& x) { return x.dtype() == kBool ? detail::converted(x, kInt64) : x; }

Tensor sum_over(const Tensor& x, const ir::Integers& axes, bool keepdim) {
  static const ir::OpDef& def = detail::op_named("reduce_sum");
  return reduced(def, summable(x), axes, keepdim);
}
Tensor prod_over(const Tensor& x, const ir::Integers& axes, bool keepdim) {
  static const ir::OpDef& def = detail::op_named("reduce_prod");
  return reduced(def, summable(x), axes, keepdim);
}
Tensor mean_over(const Tensor& x, const ir::Integers& axes, bool keepdim) {
  const detail::Scope scope("mean");
  return sum_over(x, axes, keepdim) / static_cast<double>(count(x, axes));
}
Tensor var_over(const Tensor& x, const ir::Integers& axes, bool keepdim) {
  const detail::Scope scope("var");
  const Tensor difference = x - mean_over(x, axes, true);
  const double degrees = std::max<double>(static_cast<double>(count(x, axes)) - 1, 0);
  return sum_over(difference * difference, axes, keepdim) / degrees;
}

void require_elements(const Tensor& x, const ir::Integers& axes, const char* name) {
  if (count(x, axes) != 0) return;
  throw ShapeError(fmt::format("{}: argument 1 has shape {}, expected at least one element along the reduced axes",
                               name, to_string(x.shape())));
}
Tensor extreme(const char* op, const char* name, const Tensor& x, const ir::Integers& axes, bool keepdim) {
  detail::require_defined(x, name, 1);
  require_elements(x, axes, name);
  const Tensor numbers = summable(x);
  const Tensor found = reduced(detail::op_named(op), numbers, axes, keepdim);
  return detail::converted(found, x.dtype());
}

}  // namespace

Tensor sum(const Tensor& x, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "sum", 1);
  return named(sum_over(x, all_axes(x), false), "SumBackward0");
}
Tensor sum(const Tensor& x, const Axes& axes, bool keepdim, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "sum", 1);
  return named(sum_over(x, normalized(axes, x.dim(), "sum"), keepdim), "SumBackward1");
}

Tensor mean(const Tensor& x, At at) {
  const detail::CallScope location(at);
  detail::require_float(x, "mean", 1);
  return named(mean_over(x, all_axes(x), false), "MeanBackward0");
}
Tensor mean(const Tensor& x, const Axes& axes, bool keepdim, At at) {
  const detail::CallScope location(at);
  detail::require_float(x, "mean", 1);
  return named(mean_over(x, normalized(axes, x.dim(), "mean"), keepdim), "MeanBackward1");
}

Tensor prod(const Tensor& x, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "prod", 1);
  return named(prod_over(x, all_axes(x), false), "ProdBackward0");
}
Tensor prod(const Tensor& x, int64_t axis, bool keepdim, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "prod", 1);
  return named(prod_over(x, normalized(axis, x.dim(), "prod"), keepdim), "ProdBackward1");
}

Tensor var(const Tensor& x, At at) {
  const detail::CallScope location(at);
  detail::require_float(x, "var", 1);
  return named(var_over(x, all_axes(x), false), "VarBackward0");
}
Tensor var(const Tensor& x, const Axes& axes, bool keepdim, At at) {
  const detail::CallScope location(at);
  detail::require_float(x, "var", 1);
  return named(var_over(x, normalized(axes, x.dim(), "var"), keepdim), "VarBackward0");
}

Tensor max(const Tensor& x, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "max", 1);
  return named(extreme("reduce_max", "max", x, all_axes(x), false), "MaxBackward1");
}
Tensor min(const Tensor& x, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "min", 1);
  return named(extreme("reduce_min", "min", x, all_axes(x), false), "MinBackward1");
}
Tensor amax(const Tensor& x, const Axes& axes, bool keepdim, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "amax", 1);
  return named(extreme("reduce_max", "amax", x, normalized(axes, x.dim(), "amax"), keepdim), "AmaxBackward0");
}
Tensor amin(const Tensor& x, const Axes& axes, bool keepdim, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "amin", 1);
  return named(extreme("reduce_min", "amin", x, normalized(axes, x.dim(), "amin"), keepdim), "AminBackward0");
}

MaxResult max(const Tensor& x, int64_t axis, bool keepdim, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "max", 1);
  const detail::Scope scope("max");
  const Tensor indices = argmax(x, axis, true, at);
  Tensor values = gather(x, axis, indices, at);
  if (!keepdim) values = squeeze(values, axis, at);
  return {named(values, "MaxBackward0"), keepdim ? indices : squeeze(indices, axis, at)};
}

Tensor argmax(const Tensor& x, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "argmax", 1);
  return argmax(reshape(x, {x.numel()}, at), 0, false, at);
}
Tensor argmax(const Tensor& x, int64_t axis, bool keepdim, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "argmax", 1);
  const int64_t along = normalize_axis(axis, x.dim(), "argmax");
  require_elements(x, {along}, "argmax");
  const Tensor found = apply(ir::ops::kArgmax, ir::AxisAttributes{along}, {summable(x)});
  return with_kept_axes(found, x, {along}, keepdim);
}

}  // namespace sinter
