#include "frontend/kernel_cache.h"

#include <algorithm>
#include <mutex>

#include "frontend/dynamic_counters.h"
#include "frontend/merge_axes.h"
#include "runtime/threads.h"

namespace sinter::detail {
namespace {

// Packs what distinguishes kernels by one memory's dtype and strides.
void describe(Request& request, Symbols& symbols, const Strided& memory) {
  request.pattern = request.pattern << 3 | static_cast<uint64_t>(memory.impl->dtype);
  for (int64_t stride : memory.strides) {
    const Step step = step_of(stride);
    request.steps = request.steps << 2 | static_cast<uint64_t>(step);
    if (step == Step::kAny) symbols.push(stride);
  }
}

std::vector<Dim> draw_strides(Blueprint& blueprint, const Sizes& strides) {
  std::vector<Dim> dims;
  for (int64_t stride : strides)
    dims.push_back(step_of(stride) == Step::kAny ? Dim::symbol(blueprint.symbols++) : Dim(stride));
  return dims;
}

}  // namespace

Sizes merge_axes(const Sizes& shape, std::span<Strided> memories, std::span<int> groups) {
  std::array<Sizes*, kMaxOperands> lists;
  for (size_t k = 0; k < memories.size(); ++k) lists[k] = &memories[k].strides;
  return merge_axes(shape, std::span(std::as_const(lists)).first(memories.size()), groups);
}

void push_axis(Sizes& sizes, std::span<Strided> memories, int64_t stride) {
  sizes.push_back(1);
  for (Strided& memory : memories) memory.strides.push_back(stride);
}

void describe_strided(Request& request, Symbols& symbols, const Sizes& sizes, std::span<const Strided> memories,
                      int fixed) {
  request.pattern = static_cast<uint64_t>(sizes.rank()) << 1 | static_cast<uint64_t>(fixed != 0);
  for (int axis = 0; axis < sizes.rank() - fixed; ++axis) symbols.push(sizes[axis]);
  for (const Strided& memory : memories) describe(request, symbols, memory);
}

void draw_strided(Blueprint& blueprint, const Sizes& sizes, std::span<const Strided> memories, int results, int fixed) {
  std::vector<Dim> shape;
  for (int axis = 0; axis < sizes.rank(); ++axis)
    shape.push_back(axis < sizes.rank() - fixed ? Dim::symbol(blueprint.symbols++) : Dim(sizes[axis]));
  const size_t operands = memories.size() - static_cast<size_t>(results);
  for (size_t k = 0; k < operands; ++k)
    blueprint.add(memories[k].impl->dtype, shape, draw_strides(blueprint, memories[k].strides));
  for (size_t k = operands; k < memories.size(); ++k)
    blueprint.results.push_back({draw_strides(blueprint, memories[k].strides)});
}

void run_kernel(const driver::DynamicKernel& kernel, std::span<const Strided> operands, const Impl& result,
                const Symbols& symbols) {
  // A broadcast operand is counted as the memory it has.
  const auto bytes_of = [](const Impl& x) {
    return std::min(x.numel() * static_cast<int64_t>(size_of(x.dtype)), static_cast<int64_t>(x.buffer.size()));
  };
  std::array<void*, kMaxOperands> inputs{};
  int64_t bytes = bytes_of(result);
  for (size_t i = 0; i < operands.size(); ++i) {
    inputs[i] = operands[i].impl->data();
    bytes += bytes_of(*operands[i].impl);
  }
  ++g_dynamic_counters.kernels;
  g_dynamic_counters.bytes_moved += bytes;
  void* output = result.data();
  kernel.run(std::span(inputs).first(operands.size()), std::span(&output, 1), symbols.span(),
             runtime::ThreadTeam::global());
}

}  // namespace sinter::detail
