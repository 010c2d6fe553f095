// Choice between elements, and selection by indices.
#include "frontend/apply.h"
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

Tensor clamp(const Tensor& x, const Bound& low, const Bound& high, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "clamp", 1);
  if (!low.given && !high.given)
    throw ValueError("clamp: arguments 2 and 3 are not given, expected at least one bound", "pass x itself on");
  std::vector<Arg> all{x};
  for (int position = 2; position <= 3; ++position) {
    const std::optional<Arg>& bound = (position == 2 ? low : high).given;
    if (bound && bound->is_tensor())
      throw ValueError(fmt::format("clamp: argument {} is a tensor, expected a number", position),
                       "use maximum(x, low) and minimum(x, high)");
    if (bound) all.push_back(*bound);
  }
  const detail::Scope scope("clamp");
  const Tensor number = detail::converted(x, detail::result_type(all));
  Tensor bounded = number.detach(at);
  if (low.given) bounded = maximum(bounded, *low.given, at);
  if (high.given) bounded = minimum(bounded, *high.given, at);
  if (!number.requires_grad()) return bounded;
  // Gradients pass where the bounds hold strictly, as in PyTorch: at a bound and at NaN they are 0.
  Tensor result = number;
  if (high.given) result = where(number < *high.given, result, bounded, at);
  if (low.given) result = where(number > *low.given, result, bounded, at);
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
  Sizes shape = indices.shape();
  shape.push_back(classes);
  detail::require_sizes(shape, "one_hot", 2);
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
  const ir::IotaAttributes attributes{shape.shape(), shape.rank() - 1};
  const Tensor numbers = detail::made_beside(indices, ir::ops::kIota, attributes);
  return detail::converted(wide == numbers, kInt64);
}

}  // namespace sinter
