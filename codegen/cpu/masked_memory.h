// Loads and stores of those lanes of a vector that a mask chooses; all of the emitters that are contiguous go through
// here. Test: tests/codegen/guard_page_test.cc
#pragma once

#include <llvm/IR/IRBuilder.h>

namespace sinter::codegen::cpu {

// Zero in the other lanes. Aligned to the element; the mask is a vector of i1.
[[nodiscard]] llvm::Value* masked_load(llvm::IRBuilder<>& b, llvm::FixedVectorType* type, llvm::Value* pointer,
                                       llvm::Value* mask);
void masked_store(llvm::IRBuilder<>& b, llvm::Value* value, llvm::Value* pointer, llvm::Value* mask);

}  // namespace sinter::codegen::cpu
