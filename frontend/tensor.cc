#include "frontend/tensor.h"

#include <algorithm>
#include <array>

#include "frontend/apply.h"
#include "frontend/cell.h"
#include "frontend/element.h"
#include "frontend/functions.h"
#include "frontend/tape.h"
#include "frontend/trace.h"
#include "frontend/transfer.h"
#include "runtime/cuda/gpu.h"

namespace sinter {
namespace {

using detail::Impl;
using detail::Ref;

// The concrete memory of a tensor; GraphError while tracing, ValueError when undefined.
Ref<Impl> memory(const Tensor& x, const char* what) {
  detail::require_defined(x, what, 1);
  if (detail::is_traced(x)) detail::report_data_access(what);
  return detail::memory_of(x.impl());
}

Ref<Impl> only_element(const Tensor& x, const char* what) {
  const Ref<Impl> impl = memory(x, what);
  if (impl->numel() != 1)
    throw ShapeError(fmt::format("{}: the tensor has shape {}, expected one element", what, to_string(impl->shape)),
                     "select an element, reduce it, or copy all of it with to_vector()");
  return detail::on_host(impl);
}

template <class T>
T element_as(const Impl& impl, int64_t at) {
  return visit_dtype(impl.dtype, [&](auto zero) { return detail::element_cast<T>(impl.as<decltype(zero)>()[at]); });
}

// A copy in memory of its own, in x's place on the tape.
Tensor packed(const Tensor& x) {
  Ref<Impl> copy = detail::packed(*x.impl());
  copy->node = x.impl()->node;
  copy->requires_grad = x.impl()->requires_grad;
  copy->cut_by = x.impl()->cut_by;
  return Tensor(copy);
}

[[noreturn]] void report_undefined(const char* what, const At& at) {
  const detail::CallScope location(at);
  detail::require_defined({}, what, 1);
  __builtin_unreachable();
}

}  // namespace

DType Tensor::dtype(At at) const {
  if (!defined()) report_undefined("dtype", at);
  return impl_->dtype;
}
Device Tensor::device(At at) const {
  if (!defined()) report_undefined("device", at);
  const detail::Trace* trace = detail::Trace::current();
  if (impl_->trace != 0 || (impl_->cell && trace != nullptr && (impl_->cell->roams || impl_->cell->trace != 0)))
    return trace != nullptr ? trace->device.value_or(detail::default_device()) : Device();
  return detail::device_of(*impl_);
}
Sizes Tensor::shape(At at) const {
  if (!defined()) report_undefined("shape", at);
  return impl_->shape;
}
int64_t Tensor::size(int64_t axis, At at) const {
  const detail::CallScope location(at);
  detail::require_defined(*this, "size", 1);
  return impl_->shape[normalize_axis(axis, dim(), "size")];
}
int64_t Tensor::dim(At at) const {
  if (!defined()) report_undefined("dim", at);
  return impl_->shape.rank();
}
int64_t Tensor::numel(At at) const {
  if (!defined()) report_undefined("numel", at);
  return impl_->shape.numel();
}
bool Tensor::is_contiguous() const { return defined() && (impl_->trace != 0 || impl_->cell || impl_->is_contiguous()); }

template <class T>
T Tensor::item(At at) const {
  const detail::CallScope location(at);
  return element_as<T>(*only_element(*this, "item"), 0);
}
template <class T>
const T* Tensor::data(At at) const {
  const detail::CallScope location(at);
  const Ref<Impl> impl = memory(*this, "data");
  if (impl->dtype != dtype_of<T>)
    throw DTypeError(fmt::format("data: asked for {}, the tensor has element type {}", torch_name(dtype_of<T>),
                                 torch_name(impl->dtype)),
                     "convert it with .to(...), or copy it with to_vector<T>()");
  if (!impl->is_contiguous())
    throw ValueError(
        fmt::format("data: the tensor of shape {} is a view that is not contiguous", to_string(impl->shape)),
        "call contiguous() first and keep its result");
  if (impl->device().is_cpu()) return impl->as<T>();
  impl_->mirror = detail::on_host(impl);
  return impl_->mirror->as<T>();
}
template <class T>
std::vector<T> Tensor::to_vector(At at) const {
  const detail::CallScope location(at);
  const Ref<Impl> impl = detail::on_host(detail::contiguous(memory(*this, "to_vector")));
  std::vector<T> elements(static_cast<size_t>(impl->numel()));
  for (size_t i = 0; i < elements.size(); ++i) elements[i] = element_as<T>(*impl, static_cast<int64_t>(i));
  return elements;
}
#define SINTER_ELEMENT_TYPE(T)          \
  template T Tensor::item<T>(At) const; \
  template std::vector<T> Tensor::to_vector<T>(At) const;
SINTER_ELEMENT_TYPE(bool)
SINTER_ELEMENT_TYPE(char)
SINTER_ELEMENT_TYPE(signed char)
SINTER_ELEMENT_TYPE(unsigned char)
SINTER_ELEMENT_TYPE(short)
SINTER_ELEMENT_TYPE(unsigned short)
SINTER_ELEMENT_TYPE(int)
SINTER_ELEMENT_TYPE(unsigned)
SINTER_ELEMENT_TYPE(long)
SINTER_ELEMENT_TYPE(unsigned long)
SINTER_ELEMENT_TYPE(long long)
SINTER_ELEMENT_TYPE(unsigned long long)
SINTER_ELEMENT_TYPE(float)
SINTER_ELEMENT_TYPE(double)
#undef SINTER_ELEMENT_TYPE
template const bool* Tensor::data<bool>(At) const;
template const int64_t* Tensor::data<int64_t>(At) const;
template const float* Tensor::data<float>(At) const;
template const double* Tensor::data<double>(At) const;

Tensor::operator bool() const {
  detail::require_defined(*this, "conversion to bool", 1);
  // A conversion cannot know its line: the one that made the condition stands for it.
  const LocationScope location(detail::is_traced(*this) ? detail::line_that_made(*impl_) : Location());
  return element_as<bool>(*only_element(*this, "conversion to bool"), 0);
}

bool Tensor::requires_grad() const { return defined() && detail::requires_grad(*impl_); }
bool Tensor::is_leaf() const { return defined() && (impl_->cell || !impl_->requires_grad); }
bool Tensor::is_cell() const { return defined() && static_cast<bool>(impl_->cell); }

Tensor& Tensor::requires_grad_(bool wanted, At at) {
  const detail::CallScope location(at);
  detail::require_defined(*this, "requires_grad_", 1);
  if (wanted && !is_float(dtype()))
    throw DTypeError(
        fmt::format("requires_grad_: the tensor has element type {}, expected float32 or float64", torch_name(dtype())),
        "convert it with .to(kFloat32)");
  detail::Trace* trace = detail::Trace::current();
  if (impl_->cell) {
    if (trace != nullptr)
      trace->set_requires_grad(impl_->cell, wanted);
    else
      impl_->cell->requires_grad = wanted;
  } else if (impl_->requires_grad) {
    if (!wanted)
      throw GraphError("requires_grad_: the tensor was computed, only leaves can stop requiring a gradient",
                       "use detach()");
  } else if (wanted) {
    impl_ = trace != nullptr ? trace->make_cell(impl_, true) : detail::make_cell(*impl_, true);
  }
  return *this;
}

Tensor Tensor::grad(At at) const {
  const detail::CallScope location(at);
  detail::require_defined(*this, "grad", 1);
  if (detail::Trace* trace = detail::Trace::current(); trace != nullptr && detail::is_traced(*this))
    return Tensor(trace->grad(impl_));
  if (!impl_->cell) return {};
  const std::lock_guard lock(impl_->cell->lock);
  impl_->cell->require_grad_kept("grad");
  return Tensor(impl_->cell->grad);
}

void Tensor::set_grad(const Tensor& grad, At at) const {
  const detail::CallScope location(at);
  detail::require_defined(*this, "set_grad", 1);
  if (grad.defined() && grad.shape() != shape())
    throw ShapeError(fmt::format("set_grad: argument 2 has shape {}, expected {}, that of the cell",
                                 to_string(grad.shape()), to_string(shape())));
  if (grad.defined() && grad.dtype() != dtype())
    throw DTypeError(fmt::format("set_grad: argument 2 has element type {}, expected {}, that of the cell",
                                 torch_name(grad.dtype()), torch_name(dtype())),
                     "convert it with .to(...)");
  detail::require_cell(*this, "set_grad");
  if (detail::Trace* trace = detail::Trace::current()) return trace->set_grad(impl_, grad.impl());
  Ref<Impl> earlier, fresh = grad.defined() ? detail::detached(*memory(grad, "set_grad")) : Ref<Impl>();
  const std::lock_guard lock(impl_->cell->lock);
  earlier = impl_->cell->put_grad(std::move(fresh));
}

void Tensor::zero_grad(At at) const {
  const detail::CallScope location(at);
  detail::require_defined(*this, "zero_grad", 1);
  if (is_cell()) set_grad({}, at);  // nothing else has a gradient
}

Tensor Tensor::detach(At at) const {
  const detail::CallScope location(at);
  detail::require_defined(*this, "detach", 1);
  return detail::apply(ir::ops::kStopGradient, ir::NoAttributes{}, {*this});
}

void Tensor::set(const Tensor& value, At at) const {
  const detail::CallScope location(at);
  detail::require_cell(*this, "set");
  detail::require_defined(value, "set", 2);
  if (value.shape() != shape())
    throw ShapeError(fmt::format("set: argument 2 has shape {}, expected {}, that of the cell",
                                 to_string(value.shape()), to_string(shape())));
  const Tensor fitting = detail::converted(value, dtype());
  if (detail::Trace* trace = detail::Trace::current()) return trace->write(impl_->cell, fitting.impl());
  Ref<Impl> fresh = detail::contiguous(memory(fitting, "set"));
  if (fresh->node || fresh->is_contiguous()) fresh = detail::detached(*fresh);
  detail::Cell& cell = *impl_->cell;
  if (!cell.roams) fresh = detail::on_device(fresh, cell.device.load());
  runtime::cuda::settle_operations(fresh->device());  // no state from what an index out of range made
  const std::lock_guard lock(cell.lock);
  cell.device.store(fresh->device());
  cell.value = std::move(fresh);
}

const Tensor& Tensor::set_name(const std::string& name, At at) const {
  const detail::CallScope location(at);
  detail::require_cell(*this, "set_name");
  impl_->cell->name.set(name);
  return *this;
}
std::string Tensor::name() const { return is_cell() ? impl_->cell->name.get() : ""; }

Tensor Tensor::clone(At at) const {
  const detail::CallScope location(at);
  detail::require_defined(*this, "clone", 1);
  // A value is never overwritten, so another view of it will do, unless its memory is the caller's.
  const Tensor view = detail::apply(ir::ops::kReshape, ir::ShapeAttributes{shape().shape()}, {*this});
  return detail::named(view.impl()->buffer.borrowed() ? packed(view) : view, "CloneBackward0");
}

Tensor Tensor::contiguous(At at) const {
  const detail::CallScope location(at);
  detail::require_defined(*this, "contiguous", 1);
  // A copy is the same value for gradients: traced tensors have no layout that could tell.
  return is_contiguous() ? *this : packed(*this);
}

Tensor Tensor::to(DType dtype, At at) const {
  const detail::CallScope location(at);
  detail::require_defined(*this, "to", 1);
  if (dtype == this->dtype()) return *this;
  return detail::named(detail::converted(*this, dtype), "ToCopyBackward0");
}

Tensor Tensor::to(Device device, At at) const {
  const detail::CallScope location(at);
  detail::require_defined(*this, "to", 1);
  if (detail::is_traced(*this)) {
    detail::require_trace(std::array{impl_}).runs_on(device, "to");
    return *this;
  }
  const Ref<Impl> here = detail::memory_of(impl_);
  if (here->device() == device) return *this;
  const Ref<Impl> there = detail::on_device(here, device);
  if (requires_grad() && detail::grad_enabled())
    detail::record(there, ir::ops::kReshape, ir::ShapeAttributes{shape().shape()}, std::array{impl_}, std::array{here});
  return detail::named(Tensor(there), "ToCopyBackward0");
}

}  // namespace sinter
