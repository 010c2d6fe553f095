// What only moves elements: copies between strided memories, fills, pad, concat, iota.
#include <algorithm>

#include "frontend/kernel_cache.h"
#include "frontend/kernels.h"

namespace sinter::detail {
namespace {

// A copy that transposes goes by square tiles of this side, which code generation turns in registers.
constexpr int64_t kTile = 16;
constexpr int kTileRank = 2;

// One launch. memories: from, to; the last `fixed` sizes are constants of the kernel.
void launch_copy(const Sizes& sizes, std::span<const Strided> memories, int fixed = 0) {
  ir::Integers order;
  for (int axis = 0; axis < sizes.rank(); ++axis) order.push_back(axis);
  Request request{.def = &ir::ops::kTranspose};
  Symbols symbols;
  describe_strided(request, symbols, sizes, memories, fixed);
  const driver::DynamicKernel& kernel = kernel_for(memories[1].impl->device(), request, [&](Blueprint& blueprint) {
    draw_strided(blueprint, sizes, memories, /*results=*/1, fixed);
    blueprint.finish(ir::ops::kTranspose, ir::TransposeAttributes{order});
  });
  run_kernel(kernel, memories.first(1), *memories[1].impl, symbols);
}

// The part of the memory that begins at `start` along an axis.
Ref<Impl> from_position(const Strided& memory, int axis, int64_t start) {
  Ref<Impl> part = detached(*memory.impl);
  part->offset += start * memory.strides[axis];
  return part;
}

// Axes are merged. rows: the axis along which `from` is read in order, while `to` is written in order along the last.
void copy_tiles(const Sizes& sizes, std::span<const Strided> memories, int rows) {
  const int columns = sizes.rank() - 1;
  const int64_t row_tiles = sizes[rows] / kTile, column_tiles = sizes[columns] / kTile;
  Sizes tiled = sizes;
  tiled[rows] = row_tiles;
  tiled[columns] = column_tiles;
  tiled.push_back(kTile);
  tiled.push_back(kTile);
  std::array<Strided, 2> tiles{memories[0], memories[1]};
  for (Strided& memory : tiles) {
    const int64_t down = memory.strides[rows], along = memory.strides[columns];
    memory.strides[rows] = down * kTile;
    memory.strides[columns] = along * kTile;
    memory.strides.push_back(down);
    memory.strides.push_back(along);
  }
  launch_copy(tiled, tiles, kTileRank);
  // What is left: all columns of the last rows, and the last columns of the others.
  const auto rest = [&](Sizes part, int axis, int64_t start) {
    part[axis] = sizes[axis] - start;
    if (part[axis] == 0) return;
    const Ref<Impl> from = from_position(memories[0], axis, start), to = from_position(memories[1], axis, start);
    launch_copy(part, std::array{Strided{from.get(), memories[0].strides}, Strided{to.get(), memories[1].strides}});
  };
  rest(sizes, rows, row_tiles * kTile);
  Sizes above = sizes;
  above[rows] = row_tiles * kTile;
  rest(above, columns, column_tiles * kTile);
}

// The box of `whole` that begins at `offset` elements, of these sizes and steps.
Ref<Impl> box_of(const Impl& whole, const Sizes& sizes, const Sizes& strides, int64_t offset) {
  return view_of(whole, sizes, strides, whole.offset + offset);
}

}  // namespace

void copy_elements(const Impl& from, const Impl& to) {
  if (to.numel() == 0) return;
  std::array<Strided, 2> memories{Strided{&from, from.strides}, Strided{&to, to.strides}};
  Sizes sizes = merge_axes(to.shape, memories);
  if (sizes.empty()) push_axis(sizes, memories, 1);
  const int last = sizes.rank() - 1;
  const Sizes& steps = memories[0].strides;
  const auto rows = static_cast<int>(std::ranges::find(steps, 1) - steps.begin());
  const bool transposes = rows < last && steps[last] != 0 && sizes.rank() + kTileRank <= kMaxRank &&
                          sizes[rows] >= kTile && sizes[last] >= kTile;
  if (transposes)
    copy_tiles(sizes, memories, rows);
  else
    launch_copy(sizes, memories);
}

void fill_elements(const Impl& element, const Impl& to) {
  constexpr size_t kSmall = 64 * 1024;  // bytes that are sooner written than handed out
  if (to.device().is_cpu() && to.is_contiguous() && static_cast<size_t>(to.numel()) * size_of(to.dtype) <= kSmall)
    return visit_dtype(to.dtype, [&](auto zero) {
      using T = decltype(zero);
      std::fill_n(to.as<T>(), to.numel(), *element.as<T>());
    });
  Sizes none = to.shape;
  std::ranges::fill(none, 0);
  copy_elements(*view_of(element, to.shape, none, element.offset), to);
}

Ref<Impl> run_pad(const Impl& x, const Impl& with, const Sizes& shape, const ir::PadAttributes& attributes) {
  Ref<Impl> result = allocate(x.dtype, shape, x.device());
  const bool spread = std::ranges::any_of(attributes.interior, [](int64_t between) { return between != 0; });
  if (spread || x.numel() == 0) fill_elements(with, *result);
  Sizes inner = shape, strides = result->strides;  // of what is not filled yet
  int64_t offset = 0;
  const auto fill_slab = [&](int axis, int64_t start, int64_t size) {
    Sizes slab = inner;
    slab[axis] = size;
    fill_elements(with, *box_of(*result, slab, strides, offset + start * strides[axis]));
  };
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const auto i = static_cast<size_t>(axis);
    const int64_t low = attributes.low[i], high = attributes.high[i];
    if (!spread && x.numel() != 0) {
      fill_slab(axis, 0, low);
      fill_slab(axis, shape[axis] - high, high);
    }
    inner[axis] = x.shape[axis];
    offset += low * strides[axis];
  }
  for (int axis = 0; axis < shape.rank(); ++axis) strides[axis] *= attributes.interior[static_cast<size_t>(axis)] + 1;
  copy_elements(x, *box_of(*result, x.shape, strides, offset));
  return result;
}

Ref<Impl> run_concat(std::span<const Ref<Impl>> parts, const Sizes& shape, int64_t axis) {
  Ref<Impl> result = allocate(parts[0]->dtype, shape, parts[0]->device());
  int64_t at = 0;
  for (const Ref<Impl>& part : parts) {
    copy_elements(*part, *box_of(*result, part->shape, result->strides, at));
    at += part->shape[axis] * result->strides[axis];
  }
  return result;
}

Ref<Impl> run_iota(int64_t count, Device device) {
  Ref<Impl> result = allocate(kInt64, {count}, device);
  if (count == 0) return result;
  Symbols symbols;
  symbols.push(count);
  const driver::DynamicKernel& kernel = kernel_for(device, {.def = &ir::ops::kIota}, [](Blueprint& blueprint) {
    blueprint.symbols = 1;
    blueprint.finish(ir::ops::kIota, ir::IotaAttributes{Shape{Dim::symbol(0)}, 0});
  });
  run_kernel(kernel, {}, *result, symbols);
  return result;
}

}  // namespace sinter::detail
