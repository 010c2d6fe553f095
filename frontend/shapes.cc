// Functions that only rearrange elements.
#include <algorithm>

#include "frontend/apply.h"
#include "frontend/functions.h"
#include "frontend/slice_range.h"

namespace sinter {
namespace {

using detail::apply;
using detail::named;

Tensor reshaped(const Tensor& x, const Sizes& shape) {
  return apply(ir::ops::kReshape, ir::ShapeAttributes{shape.shape()}, {x});
}

Tensor permuted(const Tensor& x, const ir::Integers& order) {
  return apply(ir::ops::kTranspose, ir::TransposeAttributes{order}, {x});
}

// One size may be -1: what is left.
Sizes resolved(const Tensor& x, const Sizes& shape, const char* name) {
  Sizes known = shape;
  int64_t* open = nullptr;
  int64_t product = 1;
  const auto fail = [&](const char* why) -> void {
    throw ShapeError(fmt::format("{}: argument 2 is {}, expected a shape of {} elements for a tensor of shape {}{}",
                                 name, to_string(shape), x.numel(), to_string(x.shape()), why));
  };
  for (int64_t& size : known) {
    if (size == -1) {
      if (open != nullptr) fail(", with -1 once at most");
      open = &size;
    } else if (size < 0) {
      fail(", and no negative size but -1");
    } else if (__builtin_mul_overflow(product, size, &product)) {
      fail("");
    }
  }
  if (open != nullptr) {
    if (product == 0) fail(", and no -1 beside a size of 0, where it could be any number");
    if (x.numel() % product != 0) fail("");
    *open = x.numel() / product;
  } else if (product != x.numel()) {
    fail("");
  }
  return known;
}

ir::Integers identity_order(const Tensor& x) {
  ir::Integers order;
  for (int64_t axis = 0; axis < x.dim(); ++axis) order.push_back(axis);
  return order;
}

Tensor sliced(const Tensor& x, int64_t axis, int64_t start, int64_t stop, int64_t step) {
  ir::SliceAttributes attributes;
  for (int64_t i = 0; i < x.dim(); ++i) {
    attributes.start.push_back(i == axis ? start : 0);
    attributes.limit.push_back(i == axis ? stop : x.shape()[i]);
    attributes.step.push_back(i == axis ? step : 1);
  }
  return apply(ir::ops::kSlice, attributes, {x});
}

Tensor viewed(const Tensor& x, const Sizes& shape, const char* name) {
  detail::require_defined(x, name, 1);
  return named(reshaped(x, resolved(x, shape, name)), "ViewBackward0");
}

Tensor selected(const Tensor& x, int64_t axis, int64_t index, const char* name, At at) {
  detail::require_defined(x, name, 1);
  const auto [along, from] = detail::selected_index(x, axis, index, name);
  return named(squeeze(sliced(x, along, from, from + 1, 1), along, at), "SelectBackward0");
}

}  // namespace

Tensor reshape(const Tensor& x, const Sizes& shape, At at) {
  const detail::CallScope location(at);
  return viewed(x, shape, "reshape");
}
Tensor Tensor::view(const Sizes& shape, At at) const {
  const detail::CallScope location(at);
  return viewed(*this, shape, "view");
}

Tensor flatten(const Tensor& x, int64_t first, int64_t last, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "flatten", 1);
  if (x.dim() == 0) return reshape(x, {1}, at);
  const int64_t from = normalize_axis(first, x.dim(), "flatten"), to = normalize_axis(last, x.dim(), "flatten");
  if (from > to)
    throw IndexError(
        fmt::format("flatten: argument 2 is axis {}, expected one not after argument 3, axis {}", first, last));
  Sizes shape;
  for (int64_t axis = 0; axis < x.dim(); ++axis) {
    if (axis > from && axis <= to)
      shape[shape.rank() - 1] *= x.shape()[axis];
    else
      shape.push_back(x.shape()[axis]);
  }
  return named(reshaped(x, shape), "ViewBackward0");
}

Tensor transpose(const Tensor& x, int64_t a, int64_t b, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "transpose", 1);
  const int64_t first = detail::axis_of(x, a, "transpose"), second = detail::axis_of(x, b, "transpose");
  if (x.dim() == 0) return x;
  ir::Integers order = identity_order(x);
  std::swap(order[static_cast<size_t>(first)], order[static_cast<size_t>(second)]);
  return named(permuted(x, order), "TransposeBackward0");
}

Tensor t(const Tensor& x, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "t", 1);
  if (x.dim() > 2)
    throw ShapeError(fmt::format("t: argument 1 has shape {}, expected 2 dimensions or fewer", to_string(x.shape())),
                     "use transpose(x, a, b) or permute(x, order)");
  if (x.dim() < 2) return x;
  return named(permuted(x, {1, 0}), "TBackward0");
}

Tensor permute(const Tensor& x, const Sizes& order, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "permute", 1);
  ir::Integers axes;
  for (int64_t axis : order) axes.push_back(normalize_axis(axis, x.dim(), "permute"));
  ir::Integers sorted = axes;
  std::ranges::sort(sorted);
  if (sorted != identity_order(x))
    throw IndexError(
        fmt::format("permute: argument 2 is {}, expected each of the {} axes once", to_string(order), x.dim()));
  return named(permuted(x, axes), "PermuteBackward0");
}

Tensor squeeze(const Tensor& x, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "squeeze", 1);
  Sizes shape;
  for (int64_t size : x.shape())
    if (size != 1) shape.push_back(size);
  return named(reshaped(x, shape), "SqueezeBackward0");
}

Tensor squeeze(const Tensor& x, int64_t axis, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "squeeze", 1);
  const int64_t dropped = detail::axis_of(x, axis, "squeeze");
  if (x.dim() == 0 || x.shape()[dropped] != 1) return x;
  Sizes shape;
  for (int64_t i = 0; i < x.dim(); ++i)
    if (i != dropped) shape.push_back(x.shape()[i]);
  return named(reshaped(x, shape), "SqueezeBackward1");
}

Tensor unsqueeze(const Tensor& x, int64_t axis, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "unsqueeze", 1);
  const int64_t added = normalize_axis(axis, x.dim() + 1, "unsqueeze");
  Sizes shape;
  for (int64_t i = 0; i <= x.dim(); ++i) {
    if (i == added) shape.push_back(1);
    if (i < x.dim()) shape.push_back(x.shape()[i]);
  }
  return named(reshaped(x, shape), "UnsqueezeBackward0");
}

Tensor expand(const Tensor& x, const Sizes& shape, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "expand", 1);
  Sizes wanted = shape;
  const int64_t added = wanted.rank() - x.dim();
  for (int64_t axis = 0; axis < wanted.rank(); ++axis) {
    if (wanted[axis] == -1 && axis >= added) wanted[axis] = x.shape()[axis - added];
    if (wanted[axis] < 0)
      throw ShapeError(fmt::format(
          "expand: argument 2 is {}, expected sizes of 0 or more, or -1 for an axis that is there", to_string(shape)));
  }
  if (detail::is_traced(x)) detail::require_sizes(wanted, "expand", 2);  // what is traced is computed with
  return named(detail::broadcast_to(x, wanted, "expand"), "ExpandBackward0");
}

Tensor slice(const Tensor& x, int64_t axis, int64_t start, int64_t stop, int64_t step, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "slice", 1);
  const int64_t along = normalize_axis(axis, x.dim(), "slice");
  const detail::SliceRange range = detail::slice_range(x.shape()[along], start, stop, step, "slice", 5);
  return named(sliced(x, along, range.from, range.to, step), "SliceBackward0");
}

Tensor select(const Tensor& x, int64_t axis, int64_t index, At at) {
  const detail::CallScope location(at);
  return selected(x, axis, index, "select", at);
}
Tensor Tensor::operator[](const Position& position) const {
  const detail::CallScope location(position.at);
  return selected(*this, 0, position.index, "operator[]", position.at);
}

Tensor cat(std::span<const Tensor> parts, int64_t axis, At at) {
  const detail::CallScope location(at);
  if (parts.empty()) throw ValueError("cat: no tensors are given, expected at least one");
  std::vector<Arg> arguments;
  for (size_t i = 0; i < parts.size(); ++i) {
    detail::require_defined(parts[i], "cat", static_cast<int>(i) + 1);
    if (parts[i].dim() == 0)
      throw ShapeError(fmt::format("cat: argument {} has shape [], expected at least 1 dimension", i + 1),
                       "join tensors without dimensions with stack");
    arguments.emplace_back(parts[i]);
  }
  const int64_t along = normalize_axis(axis, parts[0].dim(), "cat");
  const DType dtype = detail::result_type(arguments);
  std::vector<Tensor> alike;
  for (size_t i = 0; i < parts.size(); ++i) {
    Sizes expected = parts[0].shape();
    if (expected.rank() == parts[i].dim()) expected[along] = parts[i].shape()[along];
    if (parts[i].shape() != expected)
      throw ShapeError(fmt::format("cat: argument {} has shape {}, expected {} but for axis {}", i + 1,
                                   to_string(parts[i].shape()), to_string(parts[0].shape()), axis));
    alike.push_back(detail::converted(parts[i], dtype));
  }
  return named(apply(ir::ops::kConcat, ir::AxisAttributes{along}, alike), "CatBackward0");
}
Tensor cat(std::initializer_list<Tensor> parts, int64_t axis, At at) {
  return cat(std::span(parts.begin(), parts.size()), axis, at);
}

Tensor stack(std::span<const Tensor> parts, int64_t axis, At at) {
  const detail::CallScope location(at);
  if (parts.empty()) throw ValueError("stack: no tensors are given, expected at least one");
  detail::require_defined(parts[0], "stack", 1);
  const int64_t added = normalize_axis(axis, parts[0].dim() + 1, "stack");
  std::vector<Tensor> wide;
  for (size_t i = 0; i < parts.size(); ++i) {
    detail::require_defined(parts[i], "stack", static_cast<int>(i) + 1);
    if (parts[i].shape() != parts[0].shape())
      throw ShapeError(fmt::format("stack: argument {} has shape {}, expected {}", i + 1, to_string(parts[i].shape()),
                                   to_string(parts[0].shape())));
    wide.push_back(unsqueeze(parts[i], added, at));
  }
  return named(cat(wide, added, at), "StackBackward0");
}
Tensor stack(std::initializer_list<Tensor> parts, int64_t axis, At at) {
  return stack(std::span(parts.begin(), parts.size()), axis, at);
}

}  // namespace sinter
