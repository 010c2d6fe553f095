// A function under construction as a nest of loops. Values that do not change in inner loops are emitted where they
// belong, in front of those loops, and are not emitted twice: so the emitters need no optimiser behind them.
#pragma once

#include <llvm/ADT/STLFunctionalExtras.h>
#include <llvm/IR/IRBuilder.h>

#include <map>
#include <tuple>
#include <vector>

namespace sinter::codegen::cpu {

using Values = llvm::SmallVector<llvm::Value*, 4>;

class Nest {
 public:
  // Starts in a new entry block of `function`.
  explicit Nest(llvm::Function& function);

  llvm::IRBuilder<> b;

  // Loops that are open around the place of emission; code at level n runs once per iteration of the n-th loop.
  [[nodiscard]] int level() const { return static_cast<int>(preheaders_.size()); }
  // The lowest level >= `wanted` that may read memory on behalf of the current place: loops in between surely run.
  [[nodiscard]] int certain_level(int wanted) const;

  // Calls make() with the builder where values of that level belong; what it makes may use values of that level or
  // lower.
  template <class F>
  auto at(int level, F&& make) {
    if (level >= this->level()) return make();
    const llvm::IRBuilderBase::InsertPointGuard guard(b);
    b.SetInsertPoint(preheaders_[static_cast<size_t>(level)]->getTerminator());
    return make();
  }

  // i64 arithmetic, element addresses and splats at a level, made once.
  llvm::Value* add(int level, llvm::Value* x, llvm::Value* y);
  llvm::Value* multiply(int level, llvm::Value* x, llvm::Value* y);
  llvm::Value* element(int level, llvm::Type* type, llvm::Value* pointer, llvm::Value* index);
  // The scalar in every lane of a vector.
  llvm::Value* splat(int level, llvm::Value* scalar, unsigned width);

  [[nodiscard]] llvm::ConstantInt* number(int64_t value) { return b.getInt64(static_cast<uint64_t>(value)); }
  // Stack space of the function's entry.
  llvm::Value* stack(llvm::Type* type, uint64_t count);

  // for (i = begin; i < end; i += step) carried = body(i, carried); the carried values at the end. Loops that surely
  // run once and no more become straight code. surely: the caller knows that begin < end.
  using Body = llvm::function_ref<Values(llvm::Value* i, const Values& carried)>;
  Values loop(llvm::Value* begin, llvm::Value* end, int64_t step, const Values& carried, Body body,
              bool surely = false);
  void loop(llvm::Value* begin, llvm::Value* end, int64_t step, llvm::function_ref<void(llvm::Value* i)> body,
            bool surely = false);
  // if (condition) body(), which makes nothing that is used later.
  void when(llvm::Value* condition, llvm::function_ref<void()> body);
  // if (condition) { body(); return; }
  void leave_when(llvm::Value* condition, llvm::function_ref<void()> body);

 private:
  enum class Made { kSum, kProduct, kElement, kSplat };
  using Key = std::tuple<Made, llvm::Type*, llvm::Value*, llvm::Value*>;
  // The block between a branch on the condition and what follows; emission goes on in what follows.
  void branch(llvm::Value* condition, llvm::function_ref<void()> body, bool returns);
  template <class F>
  llvm::Value* once(int level, const Key& key, F&& make);

  std::vector<llvm::BasicBlock*> preheaders_;      // of the open loops
  std::vector<bool> certain_;                      // whether the loop runs whenever its preheader's surroundings do
  std::vector<std::map<Key, llvm::Value*>> made_;  // by level
};

// The constant's value, if it is one.
[[nodiscard]] std::optional<int64_t> known(const llvm::Value* value);

}  // namespace sinter::codegen::cpu
