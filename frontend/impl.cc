#include "frontend/impl.h"

#include <cstring>

#include "frontend/cell.h"
#include "frontend/tape.h"

namespace sinter::detail {
namespace {

// Copies the axes from `axis` on; runs of elements that lie together in both are one memcpy.
void copy_axes(std::byte* to, const Sizes& to_strides, const std::byte* from, const Sizes& from_strides,
               const Sizes& shape, size_t bytes, int axis) {
  const auto step = static_cast<int64_t>(bytes);
  if (axis == shape.rank()) {
    std::memcpy(to, from, bytes);
    return;
  }
  const int64_t to_step = to_strides[axis] * step, from_step = from_strides[axis] * step, count = shape[axis];
  if (axis + 1 < shape.rank()) {
    for (int64_t i = 0; i < count; ++i)
      copy_axes(to + i * to_step, to_strides, from + i * from_step, from_strides, shape, bytes, axis + 1);
  } else if (to_step == step && from_step == step) {
    std::memcpy(to, from, bytes * static_cast<size_t>(count));
  } else if (bytes == 4) {
    for (int64_t i = 0; i < count; ++i) std::memcpy(to + i * to_step, from + i * from_step, 4);
  } else {
    for (int64_t i = 0; i < count; ++i) std::memcpy(to + i * to_step, from + i * from_step, bytes);
  }
}

}  // namespace

Impl::Impl() = default;
Impl::~Impl() = default;
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
      from_jit(other.from_jit) {}

bool Impl::is_contiguous() const {
  int64_t expected = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    if (shape[axis] == 1) continue;
    if (strides[axis] != expected && numel() != 0) return false;
    expected *= shape[axis];
  }
  return true;
}

Ref<Impl> allocate(DType dtype, const Sizes& shape) {
  auto impl = make<Impl>();
  impl->dtype = dtype;
  impl->shape = shape;
  impl->strides = shape.contiguous_strides();
  impl->buffer = runtime::Buffer::allocate(static_cast<size_t>(shape.numel()) * size_of(dtype));
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

Ref<Impl> contiguous(const Ref<Impl>& impl) {
  if (impl->is_contiguous()) return impl;
  auto copy = allocate(impl->dtype, impl->shape);
  strided_copy(copy->data(), copy->strides, impl->data(), impl->strides, impl->shape, size_of(impl->dtype));
  return copy;
}

void strided_copy(std::byte* to, const Sizes& to_strides, const std::byte* from, const Sizes& from_strides,
                  const Sizes& shape, size_t element_bytes) {
  if (shape.numel() == 0) return;
  // Merges neighbouring axes that both sides step through alike, so that long runs are copied at once.
  Sizes sizes, to_merged, from_merged;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] == 1) continue;
    const int last = sizes.rank() - 1;
    if (last >= 0 && to_merged[last] == to_strides[axis] * shape[axis] &&
        from_merged[last] == from_strides[axis] * shape[axis]) {
      sizes[last] *= shape[axis];
      to_merged[last] = to_strides[axis];
      from_merged[last] = from_strides[axis];
      continue;
    }
    sizes.push_back(shape[axis]);
    to_merged.push_back(to_strides[axis]);
    from_merged.push_back(from_strides[axis]);
  }
  copy_axes(to, to_merged, from, from_merged, sizes, element_bytes, 0);
}

}  // namespace sinter::detail
