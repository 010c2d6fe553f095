// SINTER_CHECK: what machine code computed against what the kernel interpreter computes, bit for bit. InternalError
// names the result or buffer that differs. NaNs count as equal, denormals as zero of their sign.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "passes/plan/plan.h"

namespace sinter::driver {

// Of a compiled program.
class PlanCheck {
 public:
  PlanCheck(ir::Graph graph, std::vector<passes::LoweredKernel> kernels, passes::Plan plan);
  // What the run that begins now must give; empty for all runs but the first, and where the interpreter too finds an
  // index out of range.
  [[nodiscard]] std::vector<ir::Literal> expect(std::span<void* const> inputs) const;
  void compare(const std::vector<ir::Literal>& expected, std::span<void* const> inputs,
               std::span<void* const> outputs) const;

 private:
  ir::Graph graph_;
  std::vector<passes::LoweredKernel> kernels_;
  passes::Plan plan_;
  mutable std::atomic<bool> done_{false};
};

// Of one kernel: interprets it on the same inputs and compares what `buffers` hold of what it writes. reach: by buffer,
// how many elements lie between the first and the last that it may write, in outputs that are strided; else 0.
void check_kernel(const loops::Kernel& kernel, std::span<void* const> buffers, std::span<const int64_t> symbols,
                  std::span<const int64_t> reach);

// Kernel text parses to a kernel of the same text, or InternalError.
void check_text(const loops::Kernel& kernel);

}  // namespace sinter::driver
