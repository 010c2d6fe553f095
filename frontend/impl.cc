#include "frontend/impl.h"

#include "frontend/cell.h"
#include "frontend/handles.h"
#include "frontend/kernels.h"
#include "frontend/tape.h"
#include "runtime/device_memory.h"

namespace sinter::detail {

Impl::Impl() = default;
Impl::~Impl() {
  if (noted) [[unlikely]]
    forget_handle(*this);
}
Impl::Impl(const Impl& other)
    : dtype(other.dtype),
      shape(other.shape),
      strides(other.strides),
      offset(other.offset),
      buffer(other.buffer),
      node(other.node),
      cell(other.cell),
      snapshot(other.snapshot),
      trace(other.trace),
      value(other.value),
      requires_grad(other.requires_grad),
      cut_by(other.cut_by) {}

bool Impl::is_contiguous() const {
  int64_t expected = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    if (shape[axis] == 1) continue;
    if (strides[axis] != expected && numel() != 0) return false;
    expected *= shape[axis];
  }
  return true;
}

Ref<Impl> allocate(DType dtype, const Sizes& shape, Device device) {
  auto impl = make<Impl>();
  impl->dtype = dtype;
  impl->shape = shape;
  impl->strides = shape.contiguous_strides();
  impl->buffer = runtime::allocate_on(device, static_cast<size_t>(shape.numel()) * size_of(dtype));
  return impl;
}

Ref<Impl> view_of(const Impl& base, const Sizes& shape, const Sizes& strides, int64_t offset) {
  auto impl = make<Impl>();
  impl->dtype = base.dtype;
  impl->shape = shape;
  impl->strides = strides;
  impl->offset = offset;
  impl->buffer = base.buffer;
  return impl;
}

Ref<Impl> detached(const Impl& impl) { return view_of(impl, impl.shape, impl.strides, impl.offset); }

Ref<Impl> contiguous(const Ref<Impl>& impl) { return impl->is_contiguous() ? impl : packed(*impl); }

Ref<Impl> packed(const Impl& impl) {
  Ref<Impl> copy = allocate(impl.dtype, impl.shape, impl.device());
  copy_elements(impl, *copy);
  return copy;
}

}  // namespace sinter::detail
