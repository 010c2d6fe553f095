// New tensors with a part replaced, and cells of which a part is written.
#include "frontend/apply.h"
#include "frontend/functions.h"
#include "frontend/slice_range.h"

namespace sinter {
namespace {

using detail::apply;
using detail::named;
using detail::SliceRange;

// In what order conversions lose nothing of a value's kind.
int kind_rank(DType dtype) { return is_float(dtype) ? 2 : dtype == kBool ? 0 : 1; }

// `value`, argument `position` of the function, as elements of x.
Tensor in_type_of(const Tensor& x, const Arg& value, const char* name, int position) {
  if (value.is_tensor()) detail::require_defined(value.tensor(), name, position);
  const DType given = value.is_tensor() ? value.tensor().dtype() : value.kind();
  if (kind_rank(given) > kind_rank(x.dtype()))
    throw DTypeError(fmt::format("{}: argument {} has element type {}, which {} cannot hold", name, position,
                                 torch_name(given), torch_name(x.dtype())),
                     "convert one of them with .to(...)");
  return value.is_tensor() ? detail::converted(value.tensor(), x.dtype()) : detail::number_beside(x, value, x.dtype());
}

// The same, spread over a part of this shape.
Tensor filling(const Tensor& x, const Arg& value, const Sizes& shape, const char* name, int position) {
  const Tensor elements = in_type_of(x, value, name, position);
  if (detail::broadcast_shape(shape, elements.shape(), name, position) != shape)
    throw ShapeError(
        fmt::format("{}: argument {} has shape {}, expected {}, that of the part it replaces, or one "
                    "that broadcasts to it",
                    name, position, to_string(elements.shape()), to_string(shape)));
  return detail::broadcast_to(elements, shape, name);
}

// `part` at the positions of the range, `around` between and about them.
Tensor padded(const Tensor& part, int64_t axis, int64_t size, const SliceRange& range, const Arg& around) {
  const ir::Integers none(static_cast<size_t>(part.dim()), 0);
  ir::PadAttributes attributes{none, none, none};
  const size_t along = static_cast<size_t>(axis);
  attributes.low[along] = range.from;
  attributes.interior[along] = range.step - 1;
  attributes.high[along] = size - (range.from + (range.count() - 1) * range.step + 1);
  return apply(ir::ops::kPad, attributes, {part, detail::number_beside(part, around, part.dtype())});
}

// What errors say was called, and the position of its first argument behind the tensor.
struct Call {
  const char* name;
  int position;
};

Tensor replaced(const Tensor& x, const Tensor& part, int64_t axis, const SliceRange& range) {
  const int64_t size = x.shape()[axis], count = range.count();
  if (range.step == 1 || count == 0)
    return cat({slice(x, axis, 0, range.from), part, slice(x, axis, range.from + count)}, axis);
  Sizes along(std::vector<int64_t>(static_cast<size_t>(x.dim()), 1));
  along[axis] = count;
  const Tensor every = detail::broadcast_to(detail::number_beside(x, true, kBool), along, "slice_scatter");
  return where(padded(every, axis, size, range, false), padded(part, axis, size, range, 0), x);
}

Tensor with_slice(const Tensor& x, const Arg& src, int64_t axis, int64_t start, int64_t stop, int64_t step,
                  const Call& call) {
  const int64_t along = normalize_axis(axis, x.dim(), call.name);
  const detail::Scope scope(call.name);
  const SliceRange range = detail::slice_range(x.shape()[along], start, stop, step, call.name, 6);
  Sizes shape = x.shape();
  shape[along] = range.count();
  return replaced(x, filling(x, src, shape, call.name, call.position), along, range);
}

Tensor with_selected(const Tensor& x, const Arg& src, int64_t axis, int64_t index, const Call& call) {
  const detail::SelectedIndex at = detail::selected_index(x, axis, index, call.name);
  const detail::Scope scope(call.name);
  Sizes shape;
  for (int64_t i = 0; i < x.dim(); ++i)
    if (i != at.axis) shape.push_back(x.shape()[i]);
  const Tensor part = unsqueeze(filling(x, src, shape, call.name, call.position), at.axis);
  return replaced(x, part, at.axis, {at.index, at.index + 1, 1});
}

Tensor with_masked(const Tensor& x, const Tensor& mask, const Arg& value, const Sizes& shape, const Call& call) {
  const detail::Scope scope(call.name);
  return where(mask, filling(x, value, shape, call.name, call.position + 1), x);
}

// The shape that x and the mask broadcast to.
Sizes masked_shape(const Tensor& x, const Tensor& mask, const Call& call) {
  detail::require_defined(mask, call.name, call.position);
  if (mask.dtype() != kBool)
    throw DTypeError(fmt::format("{}: argument {} has element type {}, expected bool", call.name, call.position,
                                 torch_name(mask.dtype())),
                     "compare it with something, as in x < 0");
  return detail::broadcast_shape(x.shape(), mask.shape(), call.name, call.position);
}

}  // namespace

Tensor slice_scatter(const Tensor& x, const Arg& src, int64_t axis, int64_t start, int64_t stop, int64_t step, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "slice_scatter", 1);
  return named(with_slice(x, src, axis, start, stop, step, {"slice_scatter", 2}), "SliceScatterBackward0");
}
Tensor select_scatter(const Tensor& x, const Arg& src, int64_t axis, int64_t index, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "select_scatter", 1);
  return named(with_selected(x, src, axis, index, {"select_scatter", 2}), "SelectScatterBackward0");
}
Tensor masked_fill(const Tensor& x, const Tensor& mask, const Arg& value, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "masked_fill", 1);
  const Call call{"masked_fill", 2};
  return named(with_masked(x, mask, value, masked_shape(x, mask, call), call), "MaskedFillBackward0");
}

void Tensor::set_slice(const Arg& value, int64_t axis, int64_t start, int64_t stop, int64_t step, At at) const {
  const detail::CallScope location(at);
  detail::require_cell(*this, "set_slice");
  set(with_slice(*this, value, axis, start, stop, step, {"set_slice", 2}));
}
void Tensor::set_select(const Arg& value, int64_t axis, int64_t index, At at) const {
  const detail::CallScope location(at);
  detail::require_cell(*this, "set_select");
  set(with_selected(*this, value, axis, index, {"set_select", 2}));
}
void Tensor::set_where(const Tensor& mask, const Arg& value, At at) const {
  const detail::CallScope location(at);
  detail::require_cell(*this, "set_where");
  const Call call{"set_where", 2};
  if (masked_shape(*this, mask, call) != shape())
    throw ShapeError(fmt::format("set_where: argument 2 has shape {}, expected one that broadcasts to {}, the cell's",
                                 to_string(mask.shape()), to_string(shape())));
  set(with_masked(*this, mask, value, shape(), call));
}

}  // namespace sinter
