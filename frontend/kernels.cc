#include "frontend/kernels.h"

#include <algorithm>

#include "frontend/kernel_cache.h"
#include "frontend/transfer.h"
#include "ir/graph/combiner.h"
#include "ir/graph/row.h"

namespace sinter::detail {
namespace {

// What a reduction of nothing gives.
Ref<Impl> filled(Ref<Impl> result, const ir::Combiner& combiner) {
  const Arg identity = is_float(result->dtype) ? Arg(combiner.identity_double) : Arg(combiner.identity_int);
  fill_elements(*number_on(result->device(), identity, result->dtype), *result);
  return result;
}

DType result_dtype(const ir::OpDef& def, std::span<const Ref<Impl>> operands) {
  switch (def.row->signature) {
    case ir::Signature::kPredicate:
      return kBool;
    case ir::Signature::kConvert:
      return def.row->to;
    default:
      return operands.back()->dtype;
  }
}

}  // namespace

Ref<Impl> run_elementwise(const ir::OpDef& def, std::span<const Ref<Impl>> operands) {
  const Sizes& shape = operands[0]->shape;
  Ref<Impl> result = allocate(result_dtype(def, operands), shape, operands[0]->device());
  if (shape.numel() == 0) return result;
  std::array<Strided, kMaxOperands> strided;
  const auto used = std::span(strided).first(operands.size());
  for (size_t k = 0; k < operands.size(); ++k) used[k] = {operands[k].get(), operands[k]->strides};
  Sizes sizes = merge_axes(shape, used);
  if (sizes.empty()) push_axis(sizes, used, 1);
  Request request{.def = &def};
  Symbols symbols;
  describe_strided(request, symbols, sizes, used);
  const driver::DynamicKernel& kernel = kernel_for(result->device(), request, [&](Blueprint& blueprint) {
    draw_strided(blueprint, sizes, used);
    blueprint.finish(def, ir::NoAttributes{});
  });
  run_kernel(kernel, used, *result, symbols);
  return result;
}

Ref<Impl> run_reduction(const ir::OpDef& def, const Ref<Impl>& x, const ir::Integers& axes) {
  Sizes kept;
  std::array<int, kMaxRank> reduced{};
  for (int64_t axis : axes) reduced[static_cast<size_t>(axis)] = 1;
  for (int axis = 0; axis < x->shape.rank(); ++axis)
    if (reduced[static_cast<size_t>(axis)] == 0) kept.push_back(x->shape[axis]);
  Ref<Impl> result = allocate(x->dtype, kept, x->device());
  if (kept.numel() == 0) return result;
  if (x->numel() == 0) return filled(std::move(result), *def.combiner);
  Strided operand{x.get(), x->strides};
  const auto used = std::span(&operand, 1);
  Sizes sizes = merge_axes(x->shape, used, reduced);
  ir::AxesAttributes attributes;
  Request request{.def = &def};
  for (int axis = 0; axis < sizes.rank(); ++axis)
    if (reduced[static_cast<size_t>(axis)] != 0) attributes.axes.push_back(axis);
  if (attributes.axes.empty()) {  // of one element each: still combined with the identity
    attributes.axes.push_back(sizes.rank());
    push_axis(sizes, used, 1);
  }
  for (int64_t axis : attributes.axes) request.attributes |= uint64_t{1} << axis;
  Symbols symbols;
  describe_strided(request, symbols, sizes, used);
  const driver::DynamicKernel& kernel = kernel_for(result->device(), request, [&](Blueprint& blueprint) {
    draw_strided(blueprint, sizes, used);
    blueprint.finish(def, attributes);
  });
  run_kernel(kernel, used, *result, symbols);
  return result;
}

Ref<Impl> run_argmax(const Ref<Impl>& x, int64_t axis) {
  Sizes kept;
  for (int i = 0; i < x->shape.rank(); ++i)
    if (i != axis) kept.push_back(x->shape[i]);
  Ref<Impl> result = allocate(kInt64, kept, x->device());
  if (kept.numel() == 0) return result;
  // Always [before, axis, after]: a kernel for row-major and one for any other memory.
  const Ref<Impl> source = contiguous(x);
  Sizes sizes{1, x->shape[axis], 1};
  for (int i = 0; i < x->shape.rank(); ++i)
    if (i != axis) sizes[i < axis ? 0 : 2] *= x->shape[i];
  Strided operand{source.get(), sizes.contiguous_strides()};
  if (sizes[2] == 1) {
    sizes = Sizes{sizes[0], sizes[1]};
    operand.strides = Sizes{operand.strides[0], 1};
  }
  const auto used = std::span(&operand, 1);
  Request request{.def = &ir::ops::kArgmax,
                  .pattern = static_cast<uint64_t>(sizes.rank()) << 3 | static_cast<uint64_t>(x->dtype)};
  Symbols symbols;
  for (int64_t size : sizes) symbols.push(size);
  for (int i = 0; i + 1 < sizes.rank(); ++i) symbols.push(operand.strides[i]);
  const driver::DynamicKernel& kernel = kernel_for(result->device(), request, [&](Blueprint& blueprint) {
    std::vector<Dim> shape, strides;
    for (int i = 0; i < sizes.rank(); ++i) shape.push_back(Dim::symbol(blueprint.symbols++));
    for (int i = 0; i + 1 < sizes.rank(); ++i) strides.push_back(Dim::symbol(blueprint.symbols++));
    strides.push_back(1);
    blueprint.add(x->dtype, shape, strides);
    blueprint.finish(ir::ops::kArgmax, ir::AxisAttributes{1});
  });
  run_kernel(kernel, used, *result, symbols);
  return result;
}

}  // namespace sinter::detail
