// How views and gathers rewrite coordinates: the part of KernelBuilder that sees through operations which only say
// where elements come from.
#include "passes/lower/kernel_builder.h"
#include "support/work.h"

namespace sinter::passes {

using loops::Index;
using loops::InstKind;

uint32_t KernelBuilder::pull_view(ir::Value value, const Coordinates& at) {
  const ir::Op& op = graph_->op(value);
  if (op.def == &ir::ops::kPad) return pull_pad(op, at);
  if (op.def == &ir::ops::kConcat) return pull_concat(value, at);
  const ir::Value source = op.operands[0];
  if (op.def == &ir::ops::kStopGradient) return pull(source, at);
  const Shape& shape = graph_->type(source).shape;
  if (op.def == &ir::ops::kReshape)
    return pull(source, through_reshape(at, graph_->type(value).shape, shape, extents_));

  Coordinates from;
  from.at.resize(static_cast<size_t>(shape.rank()));
  if (const auto* broadcast = std::get_if<ir::BroadcastAttributes>(&op.attributes)) {
    for (size_t axis = 0; axis < from.at.size(); ++axis)
      from.at[axis] = at.at[static_cast<size_t>(broadcast->axes[axis])];
  } else if (const auto* transpose = std::get_if<ir::TransposeAttributes>(&op.attributes)) {
    for (size_t axis = 0; axis < from.at.size(); ++axis)
      from.at[static_cast<size_t>(transpose->order[axis])] = at.at[axis];
  } else {
    const auto& slice = std::get<ir::SliceAttributes>(op.attributes);
    for (size_t axis = 0; axis < from.at.size(); ++axis)
      from.at[axis] = at.at[axis] * slice.step[axis] + Index::constant(slice.start[axis]);
  }
  return pull(source, from);
}

// A bool that says low <= index < high.
uint32_t KernelBuilder::in_range(const Index& index, int64_t low, int64_t high) {
  const uint32_t position = index_value(index);
  const auto limit = [&](int64_t bound) {
    return emit({.kind = InstKind::kConstant, .dtype = kInt64, .bits = static_cast<uint64_t>(bound)}, false);
  };
  return apply("logical_and", kBool,
               {apply("ge", kBool, {position, limit(low)}), apply("lt", kBool, {position, limit(high)})});
}

// Pulls where `guard` holds; elsewhere nothing is read and the value is unspecified.
uint32_t KernelBuilder::guarded_pull(ir::Value value, const Coordinates& at, uint32_t guard) {
  const int32_t outer = guard_;
  guard_ = static_cast<int32_t>(outer < 0 ? guard : apply("logical_and", kBool, {static_cast<uint32_t>(outer), guard}));
  const uint32_t id = pull(value, at);
  guard_ = outer;
  return id;
}

uint32_t KernelBuilder::pull_pad(const ir::Op& op, const Coordinates& at) {
  const auto& pad = std::get<ir::PadAttributes>(op.attributes);
  const Shape& shape = graph_->type(op.operands[0]).shape;
  Coordinates from;
  std::optional<uint32_t> inside;
  const auto require = [&](uint32_t condition) {
    inside = inside ? apply("logical_and", kBool, {*inside, condition}) : condition;
  };
  for (size_t axis = 0; axis < at.at.size(); ++axis) {
    const int64_t step = pad.interior[axis] + 1, size = shape[static_cast<int64_t>(axis)].value();
    const Index shifted = at.at[axis] + Index::constant(-pad.low[axis]);
    const int64_t reach = size == 0 ? 0 : (size - 1) * step + 1;
    const auto range = bounds(shifted, extents_);
    if (!range || range->low < 0 || range->high >= reach) require(in_range(shifted, 0, reach));
    if (step > 1) {
      const Index rest = modulo(shifted, step, extents_);
      if (!(rest == Index::constant(0))) require(in_range(rest, 0, 1));
    }
    from.at.push_back(floor_div(shifted, step, extents_));
  }
  if (!inside) return pull(op.operands[0], from);
  const uint32_t value = guarded_pull(op.operands[0], from, *inside);
  const uint32_t otherwise = pull(op.operands[1], {});
  if (failed()) return 0;
  return apply("select", op.types[0].dtype, {*inside, value, otherwise});
}

uint32_t KernelBuilder::pull_concat(ir::Value value, const Coordinates& at) {
  const ir::Op& op = graph_->op(value);
  const auto axis = static_cast<size_t>(std::get<ir::AxisAttributes>(op.attributes).axis);
  const DType dtype = op.types[0].dtype;
  const auto range = bounds(at.at[axis], extents_);
  std::optional<uint32_t> result;
  int64_t begin = 0;
  for (ir::Value part : op.operands) {
    count_work();
    const int64_t end = begin + graph_->type(part).shape[static_cast<int64_t>(axis)].value();
    const bool outside = range && (range->high < begin || range->low >= end);
    if (end > begin && !outside) {
      Coordinates from{at.at, std::nullopt};
      from.at[axis] = from.at[axis] + Index::constant(-begin);
      if (range && range->low >= begin && range->high < end) return pull(part, from);
      const uint32_t here = in_range(at.at[axis], begin, end);
      const uint32_t element = guarded_pull(part, from, here);
      if (failed()) return 0;
      result = result ? apply("select", dtype, {here, element, *result}) : element;
    }
    begin = end;
  }
  return result ? *result : constant(ir::Literal::zeros({dtype, {}}), dtype);  // nothing to concatenate: never read
}

uint32_t KernelBuilder::checked_index(uint32_t value, Dim extent, const ir::Op& op) {
  if (guard_ >= 0) {
    const uint32_t zero = constant(ir::Literal::scalar<int64_t>(0), kInt64);
    value = apply("select", kInt64, {static_cast<uint32_t>(guard_), value, zero});
  }
  const uint32_t id = emit({.kind = InstKind::kCheckIndex,
                            .dtype = kInt64,
                            .operands = {value},
                            .extent = extent,
                            .locations = op.locations},
                           false);
  checks_[id] = {op.locations, op.scope};
  return id;
}

uint32_t KernelBuilder::pull_gather(const ir::Op& op, const Coordinates& at) {
  const auto [axis, batch] = std::get<ir::GatherAttributes>(op.attributes);
  const Shape& data = graph_->type(op.operands[0]).shape;
  const int64_t index_axes = graph_->type(op.operands[1]).shape.rank() - batch;
  Coordinates where, from;
  for (int64_t i = 0; i < batch; ++i) where.at.push_back(at.at[static_cast<size_t>(i)]);
  for (int64_t i = axis; i < axis + index_axes; ++i) where.at.push_back(at.at[static_cast<size_t>(i)]);
  const uint32_t index = pull(op.operands[1], where);
  if (failed()) return 0;
  const uint32_t checked = checked_index(index, data[axis], op);
  for (int64_t i = 0; i < axis; ++i) from.at.push_back(at.at[static_cast<size_t>(i)]);
  from.at.push_back({0, {{1, {loops::Atom::Kind::kValue, checked, nullptr, 1}}}});
  for (int64_t i = axis + index_axes; i < static_cast<int64_t>(at.at.size()); ++i)
    from.at.push_back(at.at[static_cast<size_t>(i)]);
  return pull(op.operands[0], from);
}

}  // namespace sinter::passes
