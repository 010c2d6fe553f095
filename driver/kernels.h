// What static and dynamic compilation share: clusters to scheduled kernels, kernels to machine code through the caches,
// errors of running kernels.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "codegen/cpu/compile_kernel.h"
#include "driver/compile.h"
#include "ir/loops/kernel.h"
#include "passes/fuse/fuse.h"
#include "passes/lower/lower.h"
#include "runtime/program.h"

namespace sinter::driver {

// Lowers, collapses and schedules every cluster; verifies and dumps as the knobs ask.
[[nodiscard]] std::vector<passes::LoweredKernel> lower_all(const ir::Graph& graph, const passes::Fusion& fusion,
                                                           Device device = {});
// The kernels as they are compiled and launched: those that differ in offsets alone are one (lower/share_offsets.h).
// What follows from where kernels reach is found out before.
[[nodiscard]] std::vector<passes::LoweredKernel> with_shared_code(const ir::Graph& graph,
                                                                  std::vector<passes::LoweredKernel> kernels);
// One kernel's range joining and schedule, and what the knobs ask.
void finish_kernel(loops::Kernel& kernel, const std::string& subject, Device device);
// The device's own pass.
void schedule(loops::Kernel& kernel, Device device);

// "" is SINTER_ISA or the machine's best, else "avx2" or "avx512"; ValueError for another name or what this machine
// lacks.
[[nodiscard]] codegen::cpu::Isa isa_of(const std::string& asked);

// Machine code for each kernel, from the process's cache, the disk's, or LLVM; counted in stats. isa as in
// CompileOptions.
[[nodiscard]] std::vector<std::shared_ptr<const runtime::KernelCode>> compile_kernels(
    std::span<const loops::Kernel> kernels, const std::string& isa, CompileStats& stats);

// For kernels_compiled().
void count_compiled(ptrdiff_t kernels);

// Units of work for these run-time symbols.
[[nodiscard]] int64_t units(const runtime::KernelCode& code, std::span<const int64_t> symbols);

// IndexError for a failed check of this kernel: names the function and argument whose scope the operation was made in,
// or else `kernel`, and the user's line.
[[noreturn]] void throw_index_error(const std::string& kernel, const passes::Check& check,
                                    const runtime::KernelStatus& status);
// The check that failed among those of a kernel.
[[nodiscard]] passes::Check failed_check(std::span<const passes::Check> checks, const runtime::KernelStatus& status);

}  // namespace sinter::driver
