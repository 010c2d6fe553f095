#include "tests/literal_tensors.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "frontend/cell.h"
#include "frontend/transfer.h"
#include "runtime/device_memory.h"
#include "tests/random_engine.h"

namespace sinter::tests {
namespace {

using detail::Impl;
using detail::Ref;

// Where the elements of a shape lie, and how much memory that takes.
struct Layout {
  Sizes strides;
  int64_t offset = 0, extent = 1;
};

Layout random_layout(const Sizes& shape, uint64_t seed) {
  RandomEngine random(seed);
  std::vector<int> order;
  for (int axis = 0; axis < shape.rank(); ++axis)
    order.insert(order.begin() + random.between(0, axis), axis);  // the axis whose elements lie closest first
  Layout layout{.strides = shape.contiguous_strides(), .offset = random.between(0, 3), .extent = 1};
  for (int axis : order) {
    const int64_t step = random.between(1, 2);
    layout.strides[axis] = layout.extent * step;
    layout.extent = std::max<int64_t>(layout.extent * step * shape[axis] + random.between(0, 1), 1);
  }
  layout.extent += layout.offset;
  return layout;
}

}  // namespace

Tensor tensor_of(const ir::Literal& literal, Device device, uint64_t seed) {
  const Sizes shape(literal.type.shape);
  const size_t size = size_of(literal.type.dtype);
  const Layout layout = seed == 0 ? Layout{shape.contiguous_strides(), 0, shape.numel()} : random_layout(shape, seed);
  std::vector<std::byte> memory(static_cast<size_t>(layout.extent) * size, std::byte{0xff});
  for (int64_t element = 0; element < shape.numel(); ++element) {
    int64_t rest = element, place = layout.offset;
    for (int axis = shape.rank(); axis-- > 0; rest /= shape[axis]) place += rest % shape[axis] * layout.strides[axis];
    std::memcpy(&memory[static_cast<size_t>(place) * size], &literal.bytes[static_cast<size_t>(element) * size], size);
  }
  const Ref<Impl> whole = detail::allocate(literal.type.dtype, {layout.extent}, device);
  runtime::copy_bytes(whole->data(), device, memory.data(), {}, memory.size());
  return Tensor(detail::view_of(*whole, shape, layout.strides, layout.offset));
}

ir::Literal literal_of(const Tensor& x) {
  const Ref<Impl> plain = detail::contiguous(detail::memory_of(x.impl()));
  ir::Literal literal = ir::Literal::zeros({plain->dtype, plain->shape.shape()});
  runtime::copy_bytes(literal.bytes.data(), {}, plain->data(), plain->device(), literal.bytes.size());
  return literal;
}

}  // namespace sinter::tests
