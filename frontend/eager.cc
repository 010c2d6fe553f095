#include "frontend/eager.h"

#include <algorithm>
#include <array>

#include "frontend/cell.h"
#include "frontend/dynamic_counters.h"
#include "frontend/kernels.h"
#include "frontend/tape.h"
#include "frontend/transfer.h"
#include "ir/graph/row.h"

namespace sinter::detail {
namespace {

using Operands = std::span<const Ref<Impl>>;

// The result's type by the operation's own rule, which also checks the operands.
Sizes inferred_shape(const ir::OpDef& def, const ir::Attributes& attributes, Operands operands) {
  std::vector<ir::Type> types;
  types.reserve(operands.size());
  for (const Ref<Impl>& operand : operands) types.push_back({operand->dtype, operand->shape.shape()});
  return Sizes(def.infer(def, attributes, types).front().shape);
}

// The elementwise rule, without allocating; on a mismatch the operation's own rule reports it.
void check_elementwise(const ir::OpDef& def, Operands operands) {
  const DType model = operands.back()->dtype;
  bool good = ir::contains(def.row->dtypes, model);
  for (size_t i = 0; i < operands.size(); ++i) {
    const bool condition = i == 0 && def.row->signature == ir::Signature::kSelect;
    good &= operands[i]->dtype == (condition ? kBool : model) && operands[i]->shape == operands[0]->shape;
  }
  if (!good) (void)inferred_shape(def, ir::NoAttributes{}, operands);
}

Ref<Impl> broadcast(const Impl& x, const ir::BroadcastAttributes& attributes) {
  const Sizes shape(attributes.shape);
  Sizes strides;
  for (int i = 0; i < shape.rank(); ++i) strides.push_back(0);
  for (size_t i = 0; i < attributes.axes.size(); ++i) strides[attributes.axes[i]] = x.strides[static_cast<int64_t>(i)];
  return view_of(x, shape, strides, x.offset);
}

Ref<Impl> reshape(const Ref<Impl>& x, const Sizes& shape) {
  if (x->is_contiguous()) return view_of(*x, shape, shape.contiguous_strides(), x->offset);
  // Adding and removing axes of size 1 keeps a view.
  Sizes strides;
  int from = 0;
  const auto skip_ones = [&] {
    while (from < x->shape.rank() && x->shape[from] == 1) ++from;
  };
  for (int64_t size : shape) {
    skip_ones();
    if (size == 1) {
      strides.push_back(1);
    } else if (from < x->shape.rank() && x->shape[from] == size) {
      strides.push_back(x->strides[from++]);
    } else {
      const Ref<Impl> copy = contiguous(x);
      return view_of(*copy, shape, shape.contiguous_strides(), copy->offset);
    }
  }
  return view_of(*x, shape, strides, x->offset);
}

Ref<Impl> transpose(const Impl& x, const ir::Integers& order) {
  Sizes shape, strides;
  for (int64_t axis : order) {
    shape.push_back(x.shape[axis]);
    strides.push_back(x.strides[axis]);
  }
  return view_of(x, shape, strides, x.offset);
}

Ref<Impl> slice(const Impl& x, const Sizes& shape, const ir::SliceAttributes& attributes) {
  Sizes strides = x.strides;
  int64_t offset = x.offset;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const auto i = static_cast<size_t>(axis);
    if (shape.numel() != 0) offset += attributes.start[i] * x.strides[axis];
    strides[axis] *= attributes.step[i];
  }
  return view_of(x, shape, strides, offset);
}

Ref<Impl> iota(const ir::IotaAttributes& attributes, Device device) {
  const Sizes shape(attributes.shape);
  return broadcast(*run_iota(shape[attributes.axis], device), {attributes.shape, {attributes.axis}});
}

Ref<Impl> constant(const ir::Literal& literal, Device device) {
  Ref<Impl> result = allocate(literal.type.dtype, Sizes(literal.type.shape));
  std::ranges::copy(literal.bytes, result->data());
  return result->shape.rank() == 0 ? number_on(device, result) : on_device(result, device);
}

Ref<Impl> run_view(const ir::OpDef& def, const ir::Attributes& attributes, Operands operands) {
  const Sizes shape = inferred_shape(def, attributes, operands);
  const Ref<Impl>& x = operands[0];
  if (&def == &ir::ops::kBroadcast) return broadcast(*x, std::get<ir::BroadcastAttributes>(attributes));
  if (&def == &ir::ops::kReshape) return reshape(x, shape);
  if (&def == &ir::ops::kTranspose) return transpose(*x, std::get<ir::TransposeAttributes>(attributes).order);
  if (&def == &ir::ops::kSlice) return slice(*x, shape, std::get<ir::SliceAttributes>(attributes));
  if (&def == &ir::ops::kPad) return run_pad(*x, *operands[1], shape, std::get<ir::PadAttributes>(attributes));
  if (&def == &ir::ops::kConcat) return run_concat(operands, shape, std::get<ir::AxisAttributes>(attributes).axis);
  invariant(&def == &ir::ops::kStopGradient, "the dynamic engine knows every view");
  return detached(*x);
}

Ref<Impl> run_op(const ir::OpDef& def, const ir::Attributes& attributes, Operands operands, Device device) {
  switch (def.op_class) {
    case ir::OpClass::kElementwise:
      check_elementwise(def, operands);
      return run_elementwise(def, operands);
    case ir::OpClass::kConstant:
      return constant(*std::get<ir::ConstantAttributes>(attributes).value, device);
    case ir::OpClass::kView:
      return run_view(def, attributes, operands);
    case ir::OpClass::kIndexed:
      if (&def == &ir::ops::kIota) return iota(std::get<ir::IotaAttributes>(attributes), device);
      return run_rng_bits(operands[0], inferred_shape(def, attributes, operands));
    case ir::OpClass::kReduction:
      (void)inferred_shape(def, attributes, operands);
      if (&def == &ir::ops::kArgmax) return run_argmax(operands[0], std::get<ir::AxisAttributes>(attributes).axis);
      return run_reduction(def, operands[0], std::get<ir::AxesAttributes>(attributes).axes);
    case ir::OpClass::kDot:
      return run_dot(operands[0], operands[1]);
    case ir::OpClass::kGather:
      return run_gather(operands[0], operands[1], std::get<ir::GatherAttributes>(attributes));
    case ir::OpClass::kScatter:
      return run_scatter_add(operands[0], operands[1], operands[2], std::get<ir::GatherAttributes>(attributes));
    default:
      throw InternalError(fmt::format("{} reached the dynamic engine", def.name));
  }
}

}  // namespace

Ref<Impl> apply_eager(const ir::OpDef& def, const ir::Attributes& attributes, Operands operands, Device device) {
  ++g_dynamic_counters.operations;
  constexpr size_t kUsual = 4;
  std::array<Ref<Impl>, kUsual> few;
  std::vector<Ref<Impl>> many;
  if (operands.size() > kUsual) many.resize(operands.size());
  const auto values = operands.size() > kUsual ? std::span(many) : std::span(few).first(operands.size());
  bool wanted = false, mixed = false;
  const std::string* cut_by = nullptr;
  for (size_t i = 0; i < operands.size(); ++i) {
    values[i] = memory_of(operands[i]);
    wanted |= requires_grad(*operands[i]);
    if (cut_by == nullptr) cut_by = operands[i]->cut_by;
    mixed |= values[i]->device() != values[0]->device();
  }
  if (mixed) align_devices(def.name, operands, values);
  Ref<Impl> result = run_op(def, attributes, values, device);
  if ((wanted || cut_by != nullptr) && grad_enabled() && is_differentiable(def, result->dtype)) {
    if (wanted) record(result, def, attributes, operands, values);
    result->cut_by = cut_by;
  }
  return result;
}

}  // namespace sinter::detail
