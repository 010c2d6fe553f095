// The operations whose operands differ in shape: dot, gather, scatter_add, rng_bits. Only axes that play the same part
// share a symbol.
#include <algorithm>

#include "frontend/kernel_cache.h"
#include "frontend/kernels.h"
#include "frontend/merge_axes.h"

namespace sinter::detail {
namespace {

// Symbols of a blueprint and their values, made together.
struct Axes {
  Symbols values;
  int count = 0;
  Dim add(int64_t value) {
    values.push(value);
    return Dim::symbol(count++);
  }
};

struct Matrix {  // one operand of dot, with its two last axes row-major or column-major
  Ref<Impl> impl;
  Sizes strides;
  bool row_major = true;
};

Matrix as_matrix(const Ref<Impl>& x) {
  const int rank = x->shape.rank();
  const auto is_row_major = [&](const Impl& impl) { return impl.strides[rank - 1] == 1 || impl.shape[rank - 1] == 1; };
  if (is_row_major(*x)) return {x, x->strides, true};
  if (x->strides[rank - 2] == 1 || x->shape[rank - 2] == 1) return {x, x->strides, false};
  const Ref<Impl> copy = contiguous(x);
  return {copy, copy->strides, true};
}

// Row-major strides of `shape` as symbols (the last is 1).
std::vector<Dim> strides_of(Axes& axes, const Sizes& shape) {
  const Sizes values = shape.contiguous_strides();
  std::vector<Dim> strides;
  for (int i = 0; i < shape.rank(); ++i) strides.push_back(i + 1 == shape.rank() ? Dim(1) : axes.add(values[i]));
  return strides;
}

struct Parts {  // symbols of gather's and scatter_add's axes by the part they play
  std::vector<Dim> data, indices, gathered;
};
Parts parts_of(Axes& axes, const Sizes& data, const Sizes& indices, const ir::GatherAttributes& attributes) {
  Parts parts;
  for (int64_t size : data) parts.data.push_back(axes.add(size));
  for (int i = 0; i < indices.rank(); ++i)
    parts.indices.push_back(i < attributes.batch ? parts.data[static_cast<size_t>(i)] : axes.add(indices[i]));
  const auto at = [](auto& list, int64_t i) { return list.begin() + static_cast<ptrdiff_t>(i); };
  parts.gathered.assign(parts.data.begin(), at(parts.data, attributes.axis));
  parts.gathered.insert(parts.gathered.end(), at(parts.indices, attributes.batch), parts.indices.end());
  parts.gathered.insert(parts.gathered.end(), at(parts.data, attributes.axis + 1), parts.data.end());
  return parts;
}

Request indexed_request(const ir::OpDef& def, const ir::GatherAttributes& attributes, const Impl& data,
                        const Impl& indices) {
  return {.def = &def,
          .attributes = static_cast<uint64_t>(attributes.axis) << 8 | static_cast<uint64_t>(attributes.batch),
          .pattern = static_cast<uint64_t>(data.shape.rank()) << 8 | static_cast<uint64_t>(indices.shape.rank()) << 4 |
                     static_cast<uint64_t>(data.dtype)};
}

ir::Type inferred(const ir::OpDef& def, const ir::Attributes& attributes, std::initializer_list<const Impl*> operands) {
  std::vector<ir::Type> types;
  for (const Impl* operand : operands) types.push_back({operand->dtype, operand->shape.shape()});
  return def.infer(def, attributes, types).front();
}

}  // namespace

Ref<Impl> run_dot(const Ref<Impl>& x, const Ref<Impl>& y) {
  const ir::Type type = inferred(ir::ops::kDot, ir::NoAttributes{}, {x.get(), y.get()});
  Ref<Impl> result = allocate(x->dtype, Sizes(type.shape), x->device());
  if (result->numel() == 0) return result;
  const Matrix a = as_matrix(x), b = as_matrix(y);
  const int rank = x->shape.rank();
  const auto leading = [&](const Sizes& list) { return Sizes(std::span(list.begin(), list.size() - 2)); };
  Sizes a_batch = leading(a.strides), b_batch = leading(b.strides);
  const Sizes batch = merge_axes(leading(x->shape), std::array{&a_batch, &b_batch});
  Axes axes;
  std::vector<Dim> a_shape, b_shape, a_strides, b_strides;
  Request request{.def = &ir::ops::kDot,
                  .attributes = static_cast<uint64_t>(a.row_major) << 1 | static_cast<uint64_t>(b.row_major),
                  .pattern = static_cast<uint64_t>(batch.rank()) << 3 | static_cast<uint64_t>(x->dtype)};
  for (int64_t size : batch) a_shape.push_back(axes.add(size));
  b_shape = a_shape;
  const Dim m = axes.add(x->shape[rank - 2]), k = axes.add(x->shape[rank - 1]), n = axes.add(y->shape[rank - 1]);
  a_shape.insert(a_shape.end(), {m, k});
  b_shape.insert(b_shape.end(), {k, n});
  const auto step = [&](const Matrix& matrix, const Sizes& batch_strides, std::vector<Dim>& strides) {
    for (int64_t stride : batch_strides) {
      request.steps = request.steps << 1 | static_cast<uint64_t>(stride != 0);
      strides.push_back(stride == 0 ? Dim(0) : axes.add(stride));
    }
    // The other stride of a matrix of one row or column is never used; a kernel wants it within reason.
    const int64_t other = matrix.strides[matrix.row_major ? rank - 2 : rank - 1];
    const Dim far = axes.add(other);
    strides.push_back(matrix.row_major ? far : Dim(1));
    strides.push_back(matrix.row_major ? Dim(1) : far);
  };
  step(a, a_batch, a_strides);
  step(b, b_batch, b_strides);
  const driver::DynamicKernel& kernel = kernel_for(result->device(), request, [&](Blueprint& blueprint) {
    blueprint.symbols = axes.count;
    blueprint.add(x->dtype, a_shape, a_strides);
    blueprint.add(x->dtype, b_shape, b_strides);
    blueprint.finish(ir::ops::kDot, ir::NoAttributes{});
  });
  run_kernel(kernel, std::array{Strided{a.impl.get()}, Strided{b.impl.get()}}, *result, axes.values);
  return result;
}

Ref<Impl> run_gather(const Ref<Impl>& data, const Ref<Impl>& indices, const ir::GatherAttributes& attributes) {
  const ir::Type type = inferred(ir::ops::kGather, attributes, {data.get(), indices.get()});
  Ref<Impl> result = allocate(data->dtype, Sizes(type.shape), data->device());
  if (result->numel() == 0) return result;
  const Ref<Impl> from = contiguous(data), where = contiguous(indices);
  Axes axes;
  const Parts parts = parts_of(axes, data->shape, indices->shape, attributes);
  const std::vector<Dim> data_strides = strides_of(axes, data->shape), index_strides = strides_of(axes, indices->shape);
  const Request request = indexed_request(ir::ops::kGather, attributes, *data, *indices);
  const driver::DynamicKernel& kernel = kernel_for(result->device(), request, [&](Blueprint& blueprint) {
    blueprint.symbols = axes.count;
    blueprint.add(data->dtype, parts.data, data_strides);
    blueprint.add(kInt64, parts.indices, index_strides);
    blueprint.finish(ir::ops::kGather, attributes);
  });
  run_kernel(kernel, std::array{Strided{from.get()}, Strided{where.get()}}, *result, axes.values);
  return result;
}

Ref<Impl> run_scatter_add(const Ref<Impl>& base, const Ref<Impl>& indices, const Ref<Impl>& updates,
                          const ir::GatherAttributes& attributes) {
  (void)inferred(ir::ops::kScatterAdd, attributes, {base.get(), indices.get(), updates.get()});
  Ref<Impl> result = allocate(base->dtype, base->shape, base->device());
  if (result->numel() == 0 && updates->numel() == 0) return result;  // of an empty axis indices are checked
  const Ref<Impl> onto = contiguous(base), where = contiguous(indices), what = contiguous(updates);
  Axes axes;
  const Parts parts = parts_of(axes, base->shape, indices->shape, attributes);
  const std::vector<Dim> base_strides = strides_of(axes, base->shape), index_strides = strides_of(axes, indices->shape),
                         update_strides = strides_of(axes, updates->shape);
  const Request request = indexed_request(ir::ops::kScatterAdd, attributes, *base, *indices);
  const driver::DynamicKernel& kernel = kernel_for(result->device(), request, [&](Blueprint& blueprint) {
    blueprint.symbols = axes.count;
    blueprint.add(base->dtype, parts.data, base_strides);
    blueprint.add(kInt64, parts.indices, index_strides);
    blueprint.add(base->dtype, parts.gathered, update_strides);
    blueprint.finish(ir::ops::kScatterAdd, attributes);
  });
  run_kernel(kernel, std::array{Strided{onto.get()}, Strided{where.get()}, Strided{what.get()}}, *result, axes.values);
  return result;
}

Ref<Impl> run_rng_bits(const Ref<Impl>& key, const Sizes& shape) {
  // Bits depend on the element's number only, so that one kernel of rank 1 serves all shapes.
  Ref<Impl> result = allocate(kInt64, shape, key->device());
  if (shape.numel() == 0) return result;
  const Ref<Impl> from = contiguous(key);
  Axes axes;
  const Dim count = axes.add(shape.numel());
  const driver::DynamicKernel& kernel =
      kernel_for(result->device(), {.def = &ir::ops::kRngBits}, [&](Blueprint& blueprint) {
        blueprint.symbols = axes.count;
        blueprint.add(kInt64, {key->shape[0]}, {1});
        blueprint.finish(ir::ops::kRngBits, ir::ShapeAttributes{Shape{count}});
      });
  run_kernel(kernel, std::array{Strided{from.get()}}, *result, axes.values);
  return result;
}

}  // namespace sinter::detail
