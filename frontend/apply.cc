#include "frontend/apply.h"

#include <algorithm>
#include <array>

#include "frontend/cell.h"
#include "frontend/eager.h"
#include "frontend/element.h"
#include "frontend/tape.h"
#include "frontend/trace.h"
#include "frontend/transfer.h"
#include "ir/graph/row.h"

namespace sinter::detail {
namespace {

// Where the row lacks this dtype: integers and bool become f32 in functions of floats, anything becomes bool in logic,
// bool becomes i64 in arithmetic.
DType accepted_dtype(const ir::Row& row, DType dtype, std::string_view name, std::span<const Arg> operands) {
  if (ir::contains(row.dtypes, dtype)) return dtype;
  if (row.dtypes == ir::kBools) return kBool;
  if (dtype == kBool && (row.dtypes & ir::kIntegers) != 0) return kInt64;
  if ((row.dtypes & ir::kFloats) != 0) return kFloat32;
  const auto type_of = [](const Arg& x) {
    return x.is_tensor() ? x.tensor().dtype() : is_float(x.kind()) ? kFloat32 : x.kind();
  };
  const auto odd = std::ranges::find_if(operands, [&](const Arg& x) { return is_float(type_of(x)); });
  throw DTypeError(fmt::format("{}: argument {} has element type {}, expected int64 or bool", name,
                               odd - operands.begin() + 1, torch_name(type_of(*odd))),
                   "convert it with .to(kInt64)");
}

// What needs no place on the tape is spread without an operation.
Ref<Impl> spread(const Ref<Impl>& x, const Sizes& shape) {
  const int added = shape.rank() - x->shape.rank();
  Sizes strides;
  for (int axis = 0; axis < shape.rank(); ++axis)
    strides.push_back(axis < added || x->shape[axis - added] != shape[axis] ? 0 : x->strides[axis - added]);
  Ref<Impl> view = view_of(*x, shape, strides, x->offset);
  if (grad_enabled()) view->cut_by = x->cut_by;
  return view;
}

}  // namespace

Tensor apply(const ir::OpDef& def, const ir::Attributes& attributes, std::span<const Tensor> operands) {
  constexpr size_t kUsual = 4;
  std::array<Ref<Impl>, kUsual> few;
  std::vector<Ref<Impl>> many;
  if (operands.size() > kUsual) many.resize(operands.size());
  const auto impls = operands.size() > kUsual ? std::span(many) : std::span(few).first(operands.size());
  bool traced = false;
  for (size_t i = 0; i < operands.size(); ++i) {
    require_defined(operands[i], def.name, static_cast<int>(i) + 1);
    impls[i] = operands[i].impl();
    traced |= is_traced(operands[i]);
  }
  if (traced) return Tensor(require_trace(impls).apply(def, attributes, impls));
  return Tensor(apply_eager(def, attributes, impls));
}

bool is_traced(const Tensor& x) { return x.impl()->trace != 0 || (x.impl()->cell && Trace::current() != nullptr); }

const ir::OpDef& op_named(std::string_view name) {
  const ir::OpDef* def = ir::find_op(name);
  invariant(def != nullptr, "an operation of that name exists");
  return *def;
}

int64_t axis_of(const Tensor& x, int64_t axis, const char* name) {
  return normalize_axis(axis, std::max<int64_t>(x.dim(), 1), name);
}

DType result_type(std::span<const Arg> operands) {
  // Tensors with dimensions come first, 0-d tensors next, numbers last; a later group matters only if its kind is
  // higher.
  std::optional<DType> groups[3];
  for (const Arg& operand : operands) {
    const bool is_tensor = operand.is_tensor();
    const DType dtype = is_tensor ? operand.tensor().dtype() : is_float(operand.kind()) ? kFloat32 : operand.kind();
    std::optional<DType>& group = groups[!is_tensor ? 2 : operand.tensor().dim() == 0 ? 1 : 0];
    group = group ? std::max(*group, dtype) : dtype;
  }
  const auto combine = [](std::optional<DType> higher, std::optional<DType> lower) {
    if (!higher || !lower) return higher ? higher : lower;
    if (is_float(*higher)) return higher;
    if (*higher == kBool || is_float(*lower)) return std::optional(std::max(*higher, *lower));
    return higher;
  };
  return *combine(groups[0], combine(groups[1], groups[2]));
}

Tensor apply_row(const ir::OpDef& def, std::string_view name, std::span<const Arg> operands) {
  const Tensor *beside = nullptr, *first = nullptr;
  for (size_t i = 0; i < operands.size(); ++i) {
    if (!operands[i].is_tensor()) continue;
    require_defined(operands[i].tensor(), name, static_cast<int>(i) + 1);
    if (first == nullptr) first = &operands[i].tensor();
    if (beside == nullptr || is_traced(operands[i].tensor())) beside = &operands[i].tensor();
  }
  if (beside == nullptr) throw ValueError(fmt::format("{}: no argument is a tensor, expected at least one", name));
  const bool chooses = def.row->signature == ir::Signature::kSelect;
  const auto typed = operands.subspan(chooses ? 1 : 0);
  const DType dtype = accepted_dtype(*def.row, result_type(typed), name, operands);
  Sizes shape = first->shape();
  for (size_t i = 0; i < operands.size(); ++i)
    if (operands[i].is_tensor())
      shape = broadcast_shape(shape, operands[i].tensor().shape(), name, static_cast<int>(i) + 1);
  std::array<Tensor, 3> made;
  for (size_t i = 0; i < operands.size(); ++i) {
    const DType wanted = chooses && i == 0 ? kBool : dtype;
    made[i] =
        operands[i].is_tensor() ? converted(operands[i].tensor(), wanted) : number_beside(*beside, operands[i], wanted);
    made[i] = broadcast_to(made[i], shape, name);
  }
  return apply(def, ir::NoAttributes{}, std::span(made).first(operands.size()));
}

Tensor number_beside(const Tensor& beside, const Arg& number, DType dtype) {
  if (!is_traced(beside)) return Tensor(number_on(device_of(*beside.impl()), number, dtype));
  return made_beside(beside, ir::ops::kConstant,
                     ir::ConstantAttributes{std::make_shared<const ir::Literal>(literal_of(number, dtype))});
}

Tensor made_beside(const Tensor& beside, const ir::OpDef& def, const ir::Attributes& attributes) {
  if (!is_traced(beside)) return Tensor(apply_eager(def, attributes, {}, device_of(*beside.impl())));
  return Tensor(require_trace(std::array{beside.impl()}).apply(def, attributes, {}));
}

Tensor converted(const Tensor& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  if (dtype == kInt32)
    throw DTypeError("to: element type int32 is asked for, which tensors do not have yet", "ask for kInt64");
  static const ir::OpDef &f32 = op_named("to_f32"), &f64 = op_named("to_f64"), &i64 = op_named("to_i64"),
                         &boolean = op_named("to_bool");
  const ir::OpDef& def = dtype == kFloat32 ? f32 : dtype == kFloat64 ? f64 : dtype == kInt64 ? i64 : boolean;
  return apply(def, ir::NoAttributes{}, {x});
}

Tensor broadcast_to(const Tensor& x, const Sizes& shape, std::string_view name) {
  const Sizes from = x.shape();
  if (from == shape) return x;
  const int added = shape.rank() - from.rank();
  bool fits = added >= 0;
  for (int axis = 0; fits && axis < from.rank(); ++axis) fits = from[axis] == shape[axis + added] || from[axis] == 1;
  if (!fits)
    throw ShapeError(fmt::format("{}: argument 1 has shape {}, expected one that broadcasts to {}", name,
                                 to_string(from), to_string(shape)),
                     "sizes agree from the last axis on, or are 1");
  if (!is_traced(x) && !(requires_grad(*x.impl()) && grad_enabled())) return Tensor(spread(memory_of(x.impl()), shape));

  ir::BroadcastAttributes attributes{shape.shape(), {}};
  Sizes kept;  // without the axes of size 1 that are spread
  for (int axis = 0; axis < from.rank(); ++axis) {
    if (from[axis] != shape[axis + added]) continue;
    kept.push_back(from[axis]);
    attributes.axes.push_back(axis + added);
  }
  Tensor narrow = kept == from ? x : apply(ir::ops::kReshape, ir::ShapeAttributes{kept.shape()}, {x});
  if (kept == shape) return narrow;
  return apply(ir::ops::kBroadcast, attributes, {narrow});
}

std::optional<Sizes> broadcast_of(const Sizes& a, const Sizes& b) {
  const Sizes& longer = a.rank() >= b.rank() ? a : b;
  const Sizes& shorter = a.rank() >= b.rank() ? b : a;
  Sizes shape = longer;
  const int shift = longer.rank() - shorter.rank();
  for (int axis = 0; axis < shorter.rank(); ++axis) {
    int64_t& size = shape[axis + shift];
    if (shorter[axis] == size || shorter[axis] == 1) continue;
    if (size != 1) return std::nullopt;
    size = shorter[axis];
  }
  return shape;
}

Sizes broadcast_shape(const Sizes& a, const Sizes& b, std::string_view name, int position) {
  if (a == b) return a;
  if (const std::optional<Sizes> shape = broadcast_of(a, b)) return *shape;
  throw ShapeError(fmt::format("{}: argument {} has shape {}, expected {} or a shape that broadcasts with it", name,
                               position, to_string(b), to_string(a)),
                   "reshape or unsqueeze one of them so that sizes agree from the last axis on, or are 1");
}

void require_sizes(const Sizes& shape, std::string_view name, int position) {
  int64_t count = 1;
  for (int64_t size : shape) {
    if (size < 0)
      throw ShapeError(
          fmt::format("{}: argument {} is {}, expected sizes of 0 or more", name, position, to_string(shape)));
    if (__builtin_mul_overflow(count, std::max<int64_t>(size, 1), &count) || count > kMaxElements)
      throw ShapeError(fmt::format("{}: argument {} is {}, expected a number of bytes that 63 bits can count", name,
                                   position, to_string(shape)));
  }
}

void require_defined(const Tensor& x, std::string_view name, int position) {
  if (!x.defined()) throw ValueError(fmt::format("{}: argument {} is an undefined tensor", name, position));
}

void require_cell(const Tensor& x, std::string_view name) {
  require_defined(x, name, 1);
  if (!x.is_cell())
    throw GraphError(fmt::format("{}: the tensor is a value, expected a handle to a cell", name),
                     "make it one with requires_grad_() or variable(x)");
}

void require_float(const Tensor& x, std::string_view name, int position) {
  require_defined(x, name, position);
  if (!is_float(x.dtype()))
    throw DTypeError(fmt::format("{}: argument {} has element type {}, expected float32 or float64", name, position,
                                 torch_name(x.dtype())),
                     "convert it with .to(kFloat32)");
}

Tensor named(Tensor x, const char* made_by) {
  if (x.impl()->node) x.impl()->node->name = made_by;
  return x;
}

}  // namespace sinter::detail
