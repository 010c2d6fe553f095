#include "codegen/cpu/philox.h"

#include <array>

namespace sinter::codegen::cpu {

using llvm::Value;

Value* emit_philox(llvm::IRBuilder<>& b, Value* seed, Value* stream, Value* element) {
  // Words are kept in i64 lanes, high halves zero: the machine multiplies 32 bits by 32 to 64 there.
  llvm::Type* type = element->getType();
  const auto constant = [&](uint64_t value) { return llvm::ConstantInt::get(type, value); };
  const auto low = [&](Value* x) { return b.CreateAnd(x, constant(0xFFFFFFFF)); };
  const auto high = [&](Value* x) { return b.CreateLShr(x, constant(32)); };
  Value* counter = b.CreateLShr(element, constant(2));
  std::array<Value*, 4> x{low(counter), high(counter), low(stream), high(stream)};
  std::array<Value*, 2> key{low(seed), high(seed)};
  for (int round = 0; round < 10; ++round) {
    Value* p = b.CreateMul(x[0], constant(0xD2511F53));
    Value* q = b.CreateMul(x[2], constant(0xCD9E8D57));
    x = {b.CreateXor(b.CreateXor(high(q), x[1]), key[0]), low(q), b.CreateXor(b.CreateXor(high(p), x[3]), key[1]),
         low(p)};
    key = {low(b.CreateAdd(key[0], constant(0x9E3779B9))), low(b.CreateAdd(key[1], constant(0xBB67AE85)))};
  }
  Value* word = b.CreateAnd(element, constant(3));
  const auto is = [&](uint64_t n) { return b.CreateICmpEQ(word, constant(n)); };
  return b.CreateSelect(is(0), x[0], b.CreateSelect(is(1), x[1], b.CreateSelect(is(2), x[2], x[3])));
}

}  // namespace sinter::codegen::cpu
