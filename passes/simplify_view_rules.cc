// Rules over views, reductions and scatter_add.
#include <algorithm>

#include "passes/simplify_rules.h"

namespace sinter::passes {
namespace {

using ir::Integers;
using ir::Value;

using Found = std::optional<Value>;

// The operation that makes operand 0, when it is of that kind.
const ir::Op* made_by(const Subject& s, const ir::OpDef& def) {
  const ir::Op& op = s.graph.op(s.operands[0]);
  return op.def == &def ? &op : nullptr;
}
template <class Struct>
const Struct& attributes_of(const ir::Op& op) {
  return std::get<Struct>(op.attributes);
}
const Shape& operand_shape(const Subject& s) { return s.graph.type(s.operands[0]).shape; }
bool all_are(const Integers& values, int64_t wanted) {
  return std::all_of(values.begin(), values.end(), [&](int64_t value) { return value == wanted; });
}
bool is_identity(const Integers& order) {
  for (size_t i = 0; i < order.size(); ++i)
    if (order[i] != static_cast<int64_t>(i)) return false;
  return true;
}
// The scalar that operand 0 is a broadcast of.
Found broadcast_scalar(const Subject& s) {
  const ir::Op* inner = made_by(s, ir::ops::kBroadcast);
  return inner != nullptr && s.graph.type(inner->operands[0]).shape.rank() == 0 ? Found(inner->operands[0])
                                                                                : std::nullopt;
}

Found stop_gradient(const Subject& s) {
  return &s.def == &ir::ops::kStopGradient ? Found(s.operands[0]) : std::nullopt;
}

// Views that change nothing.
Found same_view(const Subject& s) {
  if (s.operands.empty() || s.graph.type(s.operands[0]) != s.type) return std::nullopt;
  bool same = &s.def == &ir::ops::kReshape;
  if (const auto* broadcast = std::get_if<ir::BroadcastAttributes>(&s.attributes)) same = is_identity(broadcast->axes);
  if (const auto* transpose = std::get_if<ir::TransposeAttributes>(&s.attributes)) same = is_identity(transpose->order);
  // Of the same shape, so nothing is left out, unless the axis is empty.
  if (const auto* slice = std::get_if<ir::SliceAttributes>(&s.attributes))
    same = all_are(slice->start, 0) && all_are(slice->step, 1);
  if (const auto* pad = std::get_if<ir::PadAttributes>(&s.attributes))
    same = all_are(pad->low, 0) && all_are(pad->high, 0) && all_are(pad->interior, 0);
  return same ? Found(s.operands[0]) : std::nullopt;
}

Found reshape_of_reshape(const Subject& s) {
  if (&s.def != &ir::ops::kReshape) return std::nullopt;
  const ir::Op* inner = made_by(s, ir::ops::kReshape);
  return inner != nullptr ? Found(ir::reshape(s.builder, inner->operands[0], s.type.shape)) : std::nullopt;
}

Found transpose_of_transpose(const Subject& s) {
  if (&s.def != &ir::ops::kTranspose) return std::nullopt;
  const ir::Op* inner = made_by(s, ir::ops::kTranspose);
  if (inner == nullptr) return std::nullopt;
  Integers order;
  for (int64_t axis : std::get<ir::TransposeAttributes>(s.attributes).order)
    order.push_back(attributes_of<ir::TransposeAttributes>(*inner).order[static_cast<size_t>(axis)]);
  return ir::transpose(s.builder, inner->operands[0], std::move(order));
}

Found broadcast_of_broadcast(const Subject& s) {
  if (&s.def != &ir::ops::kBroadcast) return std::nullopt;
  const ir::Op* inner = made_by(s, ir::ops::kBroadcast);
  if (inner == nullptr) return std::nullopt;
  const Integers& outer = std::get<ir::BroadcastAttributes>(s.attributes).axes;
  Integers axes;
  for (int64_t axis : attributes_of<ir::BroadcastAttributes>(*inner).axes)
    axes.push_back(outer[static_cast<size_t>(axis)]);
  return ir::broadcast(s.builder, inner->operands[0], s.type.shape, std::move(axes));
}

Found slice_of_slice(const Subject& s) {
  if (&s.def != &ir::ops::kSlice) return std::nullopt;
  const ir::Op* op = made_by(s, ir::ops::kSlice);
  if (op == nullptr) return std::nullopt;
  const auto& outer = std::get<ir::SliceAttributes>(s.attributes);
  const auto& inner = attributes_of<ir::SliceAttributes>(*op);
  ir::SliceAttributes both = inner;
  for (size_t i = 0; i < both.start.size(); ++i) {
    const Dim kept = s.type.shape[static_cast<int64_t>(i)];
    if (kept.is_symbol() || kept.is(0)) return std::nullopt;
    both.start[i] += outer.start[i] * inner.step[i];
    both.step[i] = kept.is(1) ? 1 : both.step[i] * outer.step[i];  // one element needs none, and it may be huge
    both.limit[i] = both.start[i] + (kept.value() - 1) * both.step[i] + 1;
  }
  return ir::slice(s.builder, op->operands[0], both.start, both.limit, both.step);
}

// A view of a broadcast scalar that only selects is a broadcast of that scalar.
Found view_of_broadcast_scalar(const Subject& s) {
  if (&s.def != &ir::ops::kReshape && &s.def != &ir::ops::kTranspose && &s.def != &ir::ops::kSlice) return std::nullopt;
  const Found inner = broadcast_scalar(s);
  if (!inner) return std::nullopt;
  return s.type.shape.rank() == 0 ? *inner : ir::broadcast(s.builder, *inner, s.type.shape, {});
}

// Transposes move to the smaller side of a broadcast.
Found transpose_of_broadcast(const Subject& s) {
  if (&s.def != &ir::ops::kTranspose) return std::nullopt;
  const ir::Op* inner = made_by(s, ir::ops::kBroadcast);
  if (inner == nullptr) return std::nullopt;
  const Integers& axes = attributes_of<ir::BroadcastAttributes>(*inner).axes;
  const Value source = inner->operands[0];
  Integers order, kept;  // of the source's axes; where they stand in the result
  const Integers& outer = std::get<ir::TransposeAttributes>(s.attributes).order;
  for (size_t i = 0; i < outer.size(); ++i) {
    const auto at = std::find(axes.begin(), axes.end(), outer[i]);
    if (at == axes.end()) continue;
    order.push_back(at - axes.begin());
    kept.push_back(static_cast<int64_t>(i));
  }
  return ir::broadcast(s.builder, ir::transpose(s.builder, source, std::move(order)), s.type.shape, std::move(kept));
}

// Parts without elements go, and a single part is the whole.
Found short_concat(const Subject& s) {
  if (&s.def != &ir::ops::kConcat) return std::nullopt;
  const int64_t axis = std::get<ir::AxisAttributes>(s.attributes).axis;
  std::vector<Value> parts;
  for (Value part : s.operands)
    if (!s.graph.type(part).shape[axis].is(0)) parts.push_back(part);
  if (parts.empty()) return s.operands[0];
  if (parts.size() == 1) return parts[0];
  return parts.size() < s.operands.size() ? Found(ir::concat(s.builder, parts, axis)) : std::nullopt;
}

// Whoever reads a part of a concat looks at all of them: many parts become a tree of few, which fusion may store.
Found long_concat(const Subject& s) {
  constexpr size_t kMost = 64, kTogether = 32;
  if (&s.def != &ir::ops::kConcat || s.operands.size() <= kMost) return std::nullopt;
  const int64_t axis = std::get<ir::AxisAttributes>(s.attributes).axis;
  std::vector<Value> parts;
  for (std::span<const Value> rest = s.operands; !rest.empty();) {
    const size_t count = std::min(rest.size(), kTogether);
    parts.push_back(ir::concat(s.builder, {rest.begin(), rest.begin() + static_cast<ptrdiff_t>(count)}, axis));
    rest = rest.subspan(count);
  }
  return ir::concat(s.builder, parts, axis);
}

// Over axes of one element (or none): the element, joined with the identity where that can change it (0 + -0 is +0).
Found reduce_of_one(const Subject& s) {
  if (s.def.combiner == nullptr) return std::nullopt;
  for (int64_t axis : std::get<ir::AxesAttributes>(s.attributes).axes)
    if (!operand_shape(s)[axis].is(1)) return std::nullopt;
  const ir::Combiner& combiner = *s.def.combiner;
  const Value element = ir::reshape(s.builder, s.operands[0], s.type.shape);
  if (combiner.exact) return element;
  return ir::elementwise(s.builder, combiner.row, {ir::full(s.builder, combiner.identity_double, s.type), element});
}

Found argmax_of_one(const Subject& s) {
  if (&s.def != &ir::ops::kArgmax || !operand_shape(s)[std::get<ir::AxisAttributes>(s.attributes).axis].is(1))
    return std::nullopt;
  return ir::full(s.builder, 0, s.type);
}

// One index per batch row: a choice in every element of that row, which fuses. (An index out of range is no longer
// noticed here; the gather it came from notices it.)
Found scatter_add_of_one(const Subject& s) {
  if (&s.def != &ir::ops::kScatterAdd) return std::nullopt;
  const auto [axis, batch] = std::get<ir::GatherAttributes>(s.attributes);
  const Value base = s.operands[0], indices = s.operands[1], updates = s.operands[2];
  if (s.graph.type(indices).shape.rank() != batch) return std::nullopt;
  Integers batch_axes, other_axes;
  for (int64_t i = 0; i < s.type.shape.rank(); ++i) {
    if (i < batch) batch_axes.push_back(i);
    if (i != axis) other_axes.push_back(i);
  }
  const Shape shape = s.type.shape;
  // Gathering from 0, 1, 2, ... gives the index itself, and the error that scatter_add owes for one out of range.
  const Value checked = ir::gather(s.builder, ir::iota(s.builder, {shape[axis]}, 0), indices, /*axis=*/0, /*batch=*/0);
  const Value position = ir::iota(s.builder, shape, axis);
  const Value wanted = ir::broadcast(s.builder, checked, shape, batch_axes);
  const Value here = ir::elementwise(s.builder, "eq", {position, wanted});
  const Value added = ir::elementwise(s.builder, "add", {base, ir::broadcast(s.builder, updates, shape, other_axes)});
  return ir::elementwise(s.builder, "select", {here, added, base});
}

constexpr Rule kRules[] = {
    {"stop_gradient", stop_gradient},
    {"view that changes nothing", same_view},
    {"view of a broadcast scalar", view_of_broadcast_scalar},
    {"reshape of reshape", reshape_of_reshape},
    {"transpose of transpose", transpose_of_transpose},
    {"transpose of broadcast", transpose_of_broadcast},
    {"broadcast of broadcast", broadcast_of_broadcast},
    {"slice of slice", slice_of_slice},
    {"concat of few parts", short_concat},
    {"concat of many parts", long_concat},
    {"reduction of one element", reduce_of_one},
    {"argmax of one element", argmax_of_one},
    {"scatter_add of one element", scatter_add_of_one},
};

}  // namespace

std::span<const Rule> view_rules() { return kRules; }

}  // namespace sinter::passes
