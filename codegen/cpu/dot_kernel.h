// Kernels with a register-tiled dot: blocks of rows and columns, and the passes after the dot on each tile as it comes
// out.
#pragma once

#include "codegen/cpu/dot_plan.h"

namespace llvm {
class Function;
}

namespace sinter::codegen::cpu {

// Fills `function`, void(KernelCall*), with the kernel; adds the functions it calls to the module.
void emit_dot_kernel(llvm::Function& function, const loops::Kernel& kernel, const DotPlan& plan, Isa isa);

}  // namespace sinter::codegen::cpu
