// Composites: functions of the library that are a few operations, of which the dynamic engine makes one call of fused
// kernels, forward and backward. A composite is defined once, as a function over tensors. Traced, it is that function;
// executed, the function is traced once for each kind of arguments, and the kernels serve all sizes. Fusion never
// changes a bit, so nobody can tell but by the clock.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "frontend/tensor.h"

namespace sinter::detail {

// What a composite is told besides tensors. A part of what its kernels are found by.
struct Settings {
  std::array<int64_t, 2> whole{};
  std::array<double, 4> real{};
};

struct Composite {
  std::string_view name;
  // Of its operands it may look at types and shapes alone, which may be undefined where the caller passes them so. It
  // is one call where shapes and numbers that it makes of sizes are products of them, and no part of a tensor is cut
  // out; else it runs operation by operation.
  std::vector<Tensor> (*run)(std::span<const Tensor> operands, const Settings& settings);
};

// All results. At most kMostOperands operands.
inline constexpr size_t kMostOperands = 8;
[[nodiscard]] std::vector<Tensor> apply_composite(const Composite& composite, std::span<const Tensor> operands,
                                                  const Settings& settings = {});
// Of a composite with one result.
[[nodiscard]] inline Tensor apply_composite(const Composite& composite, std::initializer_list<Tensor> operands,
                                            const Settings& settings = {}) {
  return std::move(apply_composite(composite, std::span(operands.begin(), operands.size()), settings).front());
}

struct Family;

// A recorded call. Its node's edges are the operands that are defined.
struct CompositeCall : Counted {
  const Family* family = nullptr;
  uint32_t flows = 0;            // by bit, of the defined operands: a gradient is asked for
  std::vector<Ref<Impl>> saved;  // small values that the backward pass reads
  Ref<Node> expanded;            // set: what replay() made; all that reaches the call belongs there

  // How many nodes its operations make at most.
  [[nodiscard]] uint64_t operations() const;
};

// The gradients by edge; null where none flows. operands: what the edges saved; earlier: by edge, what has reached the
// operand before, or null; its gradient goes on from there. Empty when it cannot be a call of kernels.
[[nodiscard]] std::vector<Ref<Impl>> composite_gradients(const CompositeCall& call, std::span<const Ref<Impl>> operands,
                                                         const Ref<Impl>& cotangent,
                                                         std::span<const Ref<Impl>> earlier);
// The call again, operation by operation; its result. Recorded if the operands are on the tape.
[[nodiscard]] Ref<Impl> replay(const CompositeCall& call, std::span<const Ref<Impl>> operands);

}  // namespace sinter::detail
