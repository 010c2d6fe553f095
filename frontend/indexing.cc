// Choice between elements, and selection by indices.
#include <cmath>

#include "frontend/apply.h"
#include "frontend/element.h"
#include "frontend/functions.h"

namespace sinter {
namespace {

using detail::apply;
using detail::named;

void require_indices(const Tensor& x, const char* name, int position) {
  detail::require_defined(x, name, position);
  if (x.dtype() != kInt64)
    throw DTypeError(
        fmt::format("{}: argument {} has element type {}, expected int64", name, position, torch_name(x.dtype())),
        "convert it with .to(kInt64)");
}

}  // namespace

Tensor where(const Tensor& condition, const Arg& a, const Arg& b, At at) {
  const detail::CallScope location(at);
  detail::require_defined(condition, "where", 1);
  if (condition.dtype() != kBool)
    throw DTypeError(fmt::format("where: argument 1 has element type {}, expected bool", torch_name(condition.dtype())),
                     "compare it with something, as in where(x > 0, a, b)");
  static const ir::OpDef& def = detail::op_named("select");
  return named(detail::apply_row(def, "where", {condition, a, b}), "WhereBackward0");
}

Tensor clamp(const Tensor& x, std::optional<double> low, std::optional<double> high, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "clamp", 1);
  if (!low && !high) throw ValueError("clamp: neither bound is given, expected at least one");
  const detail::Scope scope("clamp");
  const auto whole = [](const std::optional<double>& value) { return !value || *value == std::trunc(*value); };
  const Tensor number = is_float(x.dtype()) || (whole(low) && whole(high)) ? x : detail::converted(x, kFloat32);
  const auto bound = [&](double value) {
    return is_float(number.dtype()) ? Arg(value) : Arg(detail::element_cast<int64_t>(value));
  };
  Tensor bounded = number.detach(at);
  if (low) bounded = maximum(bounded, bound(*low), at);
  if (high) bounded = minimum(bounded, bound(*high), at);
  if (!number.requires_grad()) return bounded;
  // Gradients pass where the bounds hold strictly, as in PyTorch: at a bound and at NaN they are 0.
  Tensor result = number;
  if (high) result = where(number < *high, result, bounded, at);
  if (low) result = where(number > *low, result, bounded, at);
  return named(result, "ClampBackward1");
}

Tensor index_select(const Tensor& x, int64_t axis, const Tensor& indices, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "index_select", 1);
  require_indices(indices, "index_select", 3);
  if (x.dim() == 0 && indices.numel() == 1) return squeeze(index_select(reshape(x, {1}, at), axis, indices, at), at);
  const int64_t along = normalize_axis(axis, x.dim(), "index_select");
  const detail::Scope scope("index_select");
  const detail::ArgumentScope checked(3);
  return named(apply(ir::ops::kGather, ir::GatherAttributes{along, 0}, {x, indices}), "IndexSelectBackward0");
}

Tensor gather(const Tensor& x, int64_t axis, const Tensor& indices, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "gather", 1);
  require_indices(indices, "gather", 3);
  const int64_t along = detail::axis_of(x, axis, "gather");
  if (x.dim() + indices.dim() < 2) {  // what has no dimensions counts as one of one element
    const Tensor found = gather(reshape(x, {x.numel()}, at), along, reshape(indices, {indices.numel()}, at), at);
    return named(reshape(found, indices.shape(), at), "GatherBackward0");
  }
  Sizes expected = x.shape();
  if (indices.dim() == x.dim()) expected[along] = indices.shape()[along];
  if (indices.shape() != expected)
    throw ShapeError(fmt::format("gather: argument 3 has shape {}, expected {} but for axis {}",
                                 to_string(indices.shape()), to_string(x.shape()), axis));
  const int64_t last = x.dim() - 1;
  const bool moved = along != last;
  const Tensor data = moved ? transpose(x, along, last, at) : x,
               where = moved ? transpose(indices, along, last, at) : indices;
  Tensor found;
  {
    const detail::Scope scope("gather");
    const detail::ArgumentScope checked(3);
    found = apply(ir::ops::kGather, ir::GatherAttributes{last, last}, {data, where});
  }
  return named(moved ? transpose(found, along, last, at) : found, "GatherBackward0");
}

Tensor one_hot(const Tensor& indices, int64_t classes, At at) {
  const detail::CallScope location(at);
  require_indices(indices, "one_hot", 1);
  if (classes < 1) throw ValueError(fmt::format("one_hot: argument 2 is {}, expected 1 or more", classes));
  const detail::Scope scope("one_hot");
  // Gathered from 0, 1, 2, ..., an index is itself, or out of range. Made where the indices are: zero operands say
  // nothing about that.
  const Tensor all = detail::made_beside(indices, ir::ops::kIota, ir::IotaAttributes{Shape{classes}, 0});
  Tensor inside;
  {
    const detail::ArgumentScope checked(1);
    inside = apply(ir::ops::kGather, ir::GatherAttributes{0, 0}, {all, indices});
  }
  const Tensor wide = unsqueeze(inside, -1, at);
  Sizes shape = wide.shape();
  shape[shape.rank() - 1] = classes;
  const ir::IotaAttributes attributes{shape.shape(), shape.rank() - 1};
  const Tensor numbers = detail::made_beside(indices, ir::ops::kIota, attributes);
  return detail::converted(wide == numbers, kInt64);
}

}  // namespace sinter
