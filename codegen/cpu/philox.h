// Philox4x32-10 as LLVM IR: the bits of ir/scalar/philox.h.
#pragma once

#include <llvm/IR/IRBuilder.h>

namespace sinter::codegen::cpu {

// Operands are i64, all scalars or all vectors; so is the result, in [0, 2^32).
[[nodiscard]] llvm::Value* emit_philox(llvm::IRBuilder<>& b, llvm::Value* seed, llvm::Value* stream,
                                       llvm::Value* element);

}  // namespace sinter::codegen::cpu
