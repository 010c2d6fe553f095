// Runs one operation through a kernel with run-time extents. Operands are brought into a canonical form first (axes of
// size 1 dropped, axes that all operands step through alike merged, broadcasts as stride 0), so that few kernels serve
// all shapes.
#pragma once

#include <span>

#include "frontend/impl.h"
#include "ir/graph/op_def.h"

namespace sinter::detail {

// Between memories of one shape, whatever their strides; those of `to` keep its elements apart.
void copy_elements(const Impl& from, const Impl& to);
// The one element everywhere.
void fill_elements(const Impl& element, const Impl& to);
// shape: the result's.
[[nodiscard]] Ref<Impl> run_pad(const Impl& x, const Impl& with, const Sizes& shape,
                                const ir::PadAttributes& attributes);
[[nodiscard]] Ref<Impl> run_concat(std::span<const Ref<Impl>> parts, const Sizes& shape, int64_t axis);
[[nodiscard]] Ref<Impl> run_iota(int64_t count, Device device);
// Operands have one shape; the result is new.
[[nodiscard]] Ref<Impl> run_elementwise(const ir::OpDef& def, std::span<const Ref<Impl>> operands);
// axes: ascending.
[[nodiscard]] Ref<Impl> run_reduction(const ir::OpDef& def, const Ref<Impl>& x, const ir::Integers& axes);
[[nodiscard]] Ref<Impl> run_argmax(const Ref<Impl>& x, int64_t axis);
// [batch..., M, K] x [batch..., K, N].
[[nodiscard]] Ref<Impl> run_dot(const Ref<Impl>& x, const Ref<Impl>& y);
[[nodiscard]] Ref<Impl> run_gather(const Ref<Impl>& data, const Ref<Impl>& indices,
                                   const ir::GatherAttributes& attributes);
[[nodiscard]] Ref<Impl> run_scatter_add(const Ref<Impl>& base, const Ref<Impl>& indices, const Ref<Impl>& updates,
                                        const ir::GatherAttributes& attributes);
[[nodiscard]] Ref<Impl> run_rng_bits(const Ref<Impl>& key, const Sizes& shape);

}  // namespace sinter::detail
