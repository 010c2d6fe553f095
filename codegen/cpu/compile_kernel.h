// Scheduled kernels -> machine code through LLVM, in this process. Thread safe.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "codegen/object_store.h"
#include "ir/loops/kernel.h"
#include "runtime/program.h"

namespace sinter::codegen::cpu {

enum class Isa : uint8_t { kAvx2, kAvx512 };
[[nodiscard]] std::string_view name(Isa isa);
// The best this machine has; RuntimeError on a machine without AVX2 and FMA.
[[nodiscard]] Isa native_isa();

// Compiles scheduled kernels on up to `threads` threads, or finds their objects in `store` (may be null). An object
// that does not load is compiled again. Equal kernels share code. RuntimeError when LLVM refuses.
[[nodiscard]] std::vector<std::shared_ptr<const runtime::KernelCode>> compile_kernels(
    std::span<const loops::Kernel> kernels, Isa isa, ObjectStore* store, int threads = 1);

// For `sinter opt` and tests.
[[nodiscard]] std::string print_llvm(const loops::Kernel& kernel, Isa isa);
[[nodiscard]] std::string print_assembly(const loops::Kernel& kernel, Isa isa);
// Symbols that the kernel's object imports: must be a subset of an allow-list (memcpy, memset; no libm).
[[nodiscard]] std::vector<std::string> imported_symbols(const loops::Kernel& kernel, Isa isa);

}  // namespace sinter::codegen::cpu
