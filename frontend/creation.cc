#include "frontend/creation.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "frontend/apply.h"
#include "frontend/cell.h"
#include "frontend/eager.h"
#include "frontend/element.h"
#include "frontend/functions.h"
#include "frontend/kernels.h"
#include "frontend/trace.h"
#include "frontend/transfer.h"
#include "runtime/device_memory.h"

namespace sinter {
namespace {

using detail::Impl;
using detail::Ref;
using detail::require_sizes;

void require_memory(const void* data, const Sizes& shape, const char* name) {
  if (data == nullptr && shape.numel() != 0)
    throw ValueError(fmt::format("{}: argument 1 is a null pointer, expected {} elements", name, shape.numel()));
}

// An operation without operands, traced if a trace is open.
Tensor made(const ir::OpDef& def, const ir::Attributes& attributes) {
  if (detail::Trace* trace = detail::Trace::current()) return Tensor(trace->apply(def, attributes, {}));
  return Tensor(detail::apply_eager(def, attributes, {}, detail::default_device()));
}

Tensor constant(const Arg& value, DType dtype) {
  return made(ir::ops::kConstant,
              ir::ConstantAttributes{std::make_shared<const ir::Literal>(detail::literal_of(value, dtype))});
}

void require_supported(DType dtype, const char* name) {
  if (dtype == kInt32)
    throw DTypeError(fmt::format("{}: element type int32 is asked for, which tensors do not have yet", name),
                     "ask for kInt64");
}

void require_fits(double x, DType dtype, const std::string& what) {
  if (detail::fits(x, dtype)) return;
  throw ValueError(fmt::format("{} is {}, expected a number that {} holds", what, x, torch_name(dtype)),
                   "ask for {.dtype = kFloat64}");
}

Tensor with_options(Tensor x, const TensorOptions& options, const char* name) {
  if (options.requires_grad && !is_float(x.dtype()))
    throw DTypeError(fmt::format("{}: a gradient is asked for of element type {}, expected float32 or float64", name,
                                 torch_name(x.dtype())),
                     "ask for {.dtype = kFloat32}");
  if (options.requires_grad) x.requires_grad_();
  return x;
}

// The dtype and, of memory, the device of x.
TensorOptions like(const Tensor& x) {
  TensorOptions options{.dtype = x.dtype()};
  if (!detail::is_traced(x)) options.device = x.device();
  return options;
}

// Memory of its own where it may become a cell or be read through a pointer: a full tensor, not one element spread.
Tensor filled(const char* name, const Sizes& shape, const Arg& value, DType dtype, const TensorOptions& options) {
  require_sizes(shape, name);
  require_supported(dtype, name);
  if (detail::Trace* trace = detail::Trace::current()) {
    if (options.device) trace->runs_on(*options.device, name);
    return with_options(detail::broadcast_to(constant(value, dtype), shape, name), options, name);
  }
  const Device device = options.device.value_or(detail::default_device());
  Ref<Impl> impl = detail::allocate(dtype, shape, device);
  const Ref<Impl> element = detail::element_of(value, dtype);
  const std::span<const std::byte> bytes(element->data(), size_of(dtype));
  if (device.is_cpu()) {
    detail::fill_elements(*element, *impl);
  } else if (std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; })) {
    runtime::clear_bytes(impl->data(), device, impl->buffer.size());
  } else if (bytes.size() == sizeof(uint32_t)) {
    uint32_t word;
    std::memcpy(&word, bytes.data(), sizeof word);
    runtime::fill_words(impl->data(), device, word, static_cast<size_t>(impl->numel()));
  } else {
    detail::fill_elements(*detail::number_on(device, value, dtype), *impl);
  }
  return with_options(Tensor(impl), options, name);
}

void require_number(const Arg& x, int position) {
  if (x.is_tensor())
    throw ValueError(fmt::format("arange: argument {} is a tensor, expected a number", position),
                     "use item() outside jit");
}

// The number of steps that stay before `stop`; -1 when they lead elsewhere, or nobody can count them.
int64_t steps_between(double start, double stop, double step) {
  const double count = std::ceil((stop - start) / step);
  return count >= 0 && count < 0x1p63 ? static_cast<int64_t>(count) : -1;
}
int64_t steps_between(int64_t start, int64_t stop, int64_t step) {
  int64_t span = 0;
  if (step == 0 || __builtin_sub_overflow(stop, start, &span)) return -1;
  if (span == 0) return 0;
  if ((span < 0) != (step < 0) || step == std::numeric_limits<int64_t>::min()) return -1;
  return span / step + (span % step != 0 ? 1 : 0);
}

template <class T>
Tensor copied(const T* elements, const Sizes& shape, DType dtype, const TensorOptions& options) {
  require_supported(dtype, "tensor");
  Ref<Impl> impl = detail::allocate(dtype, shape);
  visit_dtype(dtype, [&](auto zero) {
    using To = decltype(zero);
    if constexpr (std::is_same_v<T, double> && std::is_same_v<To, int64_t>)
      for (int64_t i = 0; i < impl->numel(); ++i) require_fits(elements[i], dtype, fmt::format("tensor: number {}", i));
    std::transform(elements, elements + impl->numel(), impl->as<To>(), detail::element_cast<To, T>);
  });
  return with_options(Tensor(detail::on_device(impl, options.device.value_or(detail::default_device()))), options,
                      "tensor");
}

}  // namespace

namespace detail {
Tensor from_elements(const double* elements, const Sizes& shape, DType natural, const TensorOptions& options) {
  return copied(elements, shape, options.dtype.value_or(natural), options);
}
Tensor from_elements(const int64_t* elements, const Sizes& shape, DType natural, const TensorOptions& options) {
  return copied(elements, shape, options.dtype.value_or(natural), options);
}
void report_ragged() { throw ShapeError("tensor: the nested lists differ in length, expected rows of one length"); }
}  // namespace detail

template <Element T>
Tensor from_data(const T* data, const Sizes& shape, At at) {
  const detail::CallScope location(at);
  require_sizes(shape, "from_data", 2);
  require_memory(data, shape, "from_data");
  return copied(data, shape, dtype_of<T>, {.device = Device()});
}
template <Element T>
Tensor from_blob(T* data, const Sizes& shape, std::function<void()> done, At at) {
  const detail::CallScope location(at);
  require_sizes(shape, "from_blob", 2);
  require_memory(data, shape, "from_blob");
  auto impl = detail::make<Impl>();
  impl->dtype = dtype_of<T>;
  impl->shape = shape;
  impl->strides = shape.contiguous_strides();
  impl->buffer = runtime::Buffer::from_blob(data, static_cast<size_t>(shape.numel()) * sizeof(T), std::move(done));
  return Tensor(impl);
}
// NOLINTNEXTLINE(bugprone-macro-parentheses): T is a type
#define SINTER_ELEMENT_TYPE(T)                              \
  template Tensor from_data<T>(const T*, const Sizes&, At); \
  template Tensor from_blob<T>(T*, const Sizes&, std::function<void()>, At);
SINTER_ELEMENT_TYPE(bool)
SINTER_ELEMENT_TYPE(int64_t)
SINTER_ELEMENT_TYPE(float)
SINTER_ELEMENT_TYPE(double)
#undef SINTER_ELEMENT_TYPE

Tensor zeros(const Sizes& shape, const TensorOptions& options, At at) {
  const detail::CallScope location(at);
  return filled("zeros", shape, 0, options.dtype.value_or(kFloat32), options);
}
Tensor ones(const Sizes& shape, const TensorOptions& options, At at) {
  const detail::CallScope location(at);
  return filled("ones", shape, 1, options.dtype.value_or(kFloat32), options);
}
Tensor full(const Sizes& shape, const Arg& value, const TensorOptions& options, At at) {
  const detail::CallScope location(at);
  if (!value.is_tensor()) {
    const DType natural = is_float(value.kind()) ? kFloat32 : value.kind(), dtype = options.dtype.value_or(natural);
    if (is_float(value.kind())) require_fits(value.real(), dtype, "full: argument 2");
    return filled("full", shape, value, dtype, options);
  }
  require_sizes(shape, "full");
  detail::require_defined(value.tensor(), "full", 2);
  if (value.tensor().dim() != 0)
    throw ShapeError(fmt::format("full: argument 2 has shape {}, expected a number or a tensor without dimensions",
                                 to_string(value.tensor().shape())),
                     "spread it with expand(x, shape)");
  const DType dtype = options.dtype.value_or(value.tensor().dtype());
  require_supported(dtype, "full");
  Tensor number = detail::converted(value.tensor(), dtype);
  if (options.device) number = number.to(*options.device, at);
  return with_options(detail::broadcast_to(number, shape, "full"), options, "full");
}
Tensor zeros_like(const Tensor& x, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "zeros_like", 1);
  return zeros(x.shape(), like(x), at);
}
Tensor ones_like(const Tensor& x, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "ones_like", 1);
  return ones(x.shape(), like(x), at);
}

Tensor arange(const Arg& stop, At at) {
  const detail::CallScope location(at);
  require_number(stop, 1);
  return arange(0, stop, 1);
}
Tensor arange(const Arg& start, const Arg& stop, const Arg& step, At at) {
  const detail::CallScope location(at);
  require_number(start, 1);
  require_number(stop, 2);
  require_number(step, 3);
  const bool integers = start.kind() == kInt64 && stop.kind() == kInt64 && step.kind() == kInt64;
  const int64_t count = integers ? steps_between(start.integer(), stop.integer(), step.integer())
                                 : steps_between(start.real(), stop.real(), step.real());
  const auto text = [&](const Arg& x) {
    return integers ? fmt::format("{}", x.integer()) : fmt::format("{}", x.real());
  };
  if (count < 0)
    throw ValueError(fmt::format("arange: argument 3, the step, is {}, expected one that leads from {} to {}",
                                 text(step), text(start), text(stop)));
  if (count > kMaxElements)
    throw ShapeError(
        fmt::format("arange: from {} to {} by {} are {} numbers, expected a number of bytes that 63 bits can "
                    "count",
                    text(start), text(stop), text(step), count));
  const Tensor index = made(ir::ops::kIota, ir::IotaAttributes{Shape{count}, 0});
  if (!integers) return (detail::converted(index, kFloat64) * step + start).to(kFloat32, at);
  return start.integer() == 0 && step.integer() == 1 ? index : index * step + start;
}

Tensor variable(const Tensor& value, const std::string& name, At at) {
  const detail::CallScope location(at);
  detail::require_defined(value, "variable", 1);
  detail::Trace* trace = detail::Trace::current();
  Tensor handle(trace != nullptr ? trace->make_cell(value.impl(), false)
                                 : detail::make_cell(*detail::memory_of(value.impl()), false));
  if (!name.empty()) handle.set_name(name);
  return handle;
}

}  // namespace sinter
