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
  for (int64_t axis = 0; axes.all && axis < rank; ++axis) list.push_back(axis);
  for (int64_t axis : axes.list) {
    const int64_t along = normalize_axis(axis, std::max<int64_t>(rank, 1), name);
    if (rank > 0) list.push_back(along);  // a tensor without dimensions is like one of one element
  }
  std::ranges::sort(list);
  if (std::ranges::adjacent_find(list) != list.end())
    throw IndexError(fmt::format("{}: argument 2 is {}, expected each axis once", name, to_string(axes.list)));
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
Tensor extreme(const char* op, const char* name, const Tensor& x, const Axes& axes, bool keepdim) {
  detail::require_defined(x, name, 1);
  const ir::Integers list = normalized(axes, x.dim(), name);
  require_elements(x, list, name);
  return detail::converted(reduced(detail::op_named(op), summable(x), list, keepdim), x.dtype());
}

Tensor argmax_along(const Tensor& x, int64_t axis, bool keepdim, const char* name) {
  const int64_t along = normalize_axis(axis, x.dim(), name);
  require_elements(x, {along}, name);
  const Tensor found = apply(ir::ops::kArgmax, ir::AxisAttributes{along}, {summable(x)});
  return with_kept_axes(found, x, {along}, keepdim);
}

}  // namespace

Tensor sum(const Tensor& x, const Axes& axes, bool keepdim, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "sum", 1);
  return named(sum_over(x, normalized(axes, x.dim(), "sum"), keepdim), axes.all ? "SumBackward0" : "SumBackward1");
}

Tensor mean(const Tensor& x, const Axes& axes, bool keepdim, At at) {
  const detail::CallScope location(at);
  detail::require_float(x, "mean", 1);
  return named(mean_over(x, normalized(axes, x.dim(), "mean"), keepdim), axes.all ? "MeanBackward0" : "MeanBackward1");
}

Tensor prod(const Tensor& x, const Axes& axes, bool keepdim, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "prod", 1);
  return named(prod_over(x, normalized(axes, x.dim(), "prod"), keepdim), axes.all ? "ProdBackward0" : "ProdBackward1");
}

Tensor var(const Tensor& x, const Axes& axes, bool keepdim, At at) {
  const detail::CallScope location(at);
  detail::require_float(x, "var", 1);
  return named(var_over(x, normalized(axes, x.dim(), "var"), keepdim), "VarBackward0");
}

Tensor max(const Tensor& x, At at) {
  const detail::CallScope location(at);
  return named(extreme("reduce_max", "max", x, {}, false), "MaxBackward1");
}
Tensor min(const Tensor& x, At at) {
  const detail::CallScope location(at);
  return named(extreme("reduce_min", "min", x, {}, false), "MinBackward1");
}
Tensor amax(const Tensor& x, const Axes& axes, bool keepdim, At at) {
  const detail::CallScope location(at);
  return named(extreme("reduce_max", "amax", x, axes, keepdim), "AmaxBackward0");
}
Tensor amin(const Tensor& x, const Axes& axes, bool keepdim, At at) {
  const detail::CallScope location(at);
  return named(extreme("reduce_min", "amin", x, axes, keepdim), "AminBackward0");
}

MaxResult max(const Tensor& x, int64_t axis, bool keepdim, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "max", 1);
  if (x.dim() == 0) return max(reshape(x, {1}), detail::axis_of(x, axis, "max"));
  const detail::Scope scope("max");
  const Tensor indices = argmax_along(x, axis, true, "max");
  Tensor values = gather(x, axis, indices, at);
  if (!keepdim) values = squeeze(values, axis, at);
  return {named(values, "MaxBackward0"), keepdim ? indices : squeeze(indices, axis, at)};
}

Tensor argmax(const Tensor& x, std::optional<int64_t> axis, bool keepdim, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "argmax", 1);
  if (axis && x.dim() != 0) return argmax_along(x, *axis, keepdim, "argmax");
  if (axis) (void)detail::axis_of(x, *axis, "argmax");
  require_elements(x, normalized({}, x.dim(), "argmax"), "argmax");
  return argmax_along(reshape(x, {x.numel()}), 0, false, "argmax");
}

}  // namespace sinter
