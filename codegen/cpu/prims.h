// The spelling of each scalar primitive in LLVM IR: one function, scalar or vector alike. No fast-math flags, no
// contraction.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include "ir/scalar/expr.h"

namespace sinter::codegen::cpu {

// The type of a value in registers (bool: i1) and in memory (bool: i8).
[[nodiscard]] llvm::Type* register_type(llvm::LLVMContext& context, DType dtype);
[[nodiscard]] llvm::Type* memory_type(llvm::LLVMContext& context, DType dtype);
// The constant whose bits, in dtype, are `bits`; `shape` is the register type, or a vector of it.
[[nodiscard]] llvm::Value* constant_of(llvm::Type* shape, DType dtype, uint64_t bits);
// The same shape (scalar, or a vector of as many lanes) with another element.
[[nodiscard]] llvm::Type* with_element(llvm::Type* shape, llvm::Type* element);

// A primitive other than kConstant and kArgument; operands are all scalars or all vectors.
[[nodiscard]] llvm::Value* emit_prim(llvm::IRBuilder<>& b, ir::Prim prim, DType result, DType operand,
                                     llvm::ArrayRef<llvm::Value*> operands);

}  // namespace sinter::codegen::cpu
