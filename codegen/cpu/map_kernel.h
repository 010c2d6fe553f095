// Kernels without a register-tiled dot: the nest of outer ranges around the passes.
#pragma once

#include "codegen/cpu/compile_kernel.h"

namespace llvm {
class Function;
}

namespace sinter::codegen::cpu {

// Fills `function`, void(KernelCall*), with the kernel.
void emit_map_kernel(llvm::Function& function, const loops::Kernel& kernel);

}  // namespace sinter::codegen::cpu
