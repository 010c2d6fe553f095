#include "codegen/cpu/nest.h"

#include <algorithm>

namespace sinter::codegen::cpu {

using llvm::Value;

std::optional<int64_t> known(const Value* value) {
  const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(value);
  if (constant == nullptr) return std::nullopt;
  return constant->getSExtValue();
}

Nest::Nest(llvm::Function& function)
    : b(llvm::BasicBlock::Create(function.getContext(), "entry", &function)), made_(1) {}

int Nest::certain_level(int wanted) const {
  for (int level = this->level(); level > wanted; --level)
    if (!certain_[static_cast<size_t>(level - 1)]) return level - 1;
  return wanted;
}

template <class F>
Value* Nest::once(int level, const Key& key, F&& make) {
  level = std::min(level, this->level());
  auto& made = made_[static_cast<size_t>(level)];
  if (const auto found = made.find(key); found != made.end()) return found->second;
  Value* value = at(level, make);
  made.emplace(key, value);
  return value;
}

Value* Nest::add(int level, Value* x, Value* y) {
  if (known(x) == 0) return y;
  if (known(y) == 0) return x;
  return once(level, {Made::kSum, nullptr, x, y}, [&] { return b.CreateAdd(x, y); });
}

Value* Nest::multiply(int level, Value* x, Value* y) {
  if (known(x) == 1) return y;
  if (known(y) == 1) return x;
  return once(level, {Made::kProduct, nullptr, x, y}, [&] { return b.CreateMul(x, y); });
}

Value* Nest::element(int level, llvm::Type* type, Value* pointer, Value* index) {
  if (known(index) == 0) return pointer;
  return once(level, {Made::kElement, type, pointer, index}, [&] { return b.CreateGEP(type, pointer, index); });
}

Value* Nest::splat(int level, Value* scalar, unsigned width) {
  if (auto* constant = llvm::dyn_cast<llvm::Constant>(scalar))
    return llvm::ConstantVector::getSplat(llvm::ElementCount::getFixed(width), constant);
  auto* type = llvm::FixedVectorType::get(scalar->getType(), width);
  return once(level, {Made::kSplat, type, scalar, nullptr}, [&] { return b.CreateVectorSplat(width, scalar); });
}

Value* Nest::stack(llvm::Type* type, uint64_t count) {
  const llvm::IRBuilderBase::InsertPointGuard guard(b);
  llvm::BasicBlock& entry = b.GetInsertBlock()->getParent()->getEntryBlock();
  b.SetInsertPoint(&entry, entry.begin());
  auto* space = b.CreateAlloca(type, b.getInt64(count));
  space->setAlignment(llvm::Align(64));
  return space;
}

Values Nest::loop(Value* begin, Value* end, int64_t step, const Values& carried, Body body, bool surely) {
  const auto first = known(begin), last = known(end);
  if (first && last && *first >= *last) return carried;
  if (first && last && *first + step >= *last) return body(begin, carried);
  const bool certain = surely || (first && last);

  llvm::Function* function = b.GetInsertBlock()->getParent();
  const auto block = [&](const char* name) { return llvm::BasicBlock::Create(b.getContext(), name, function); };
  llvm::BasicBlock *outside = b.GetInsertBlock(), *before = block("before"), *inside = block("loop"),
                   *after = block("after");
  if (certain)
    b.CreateBr(before);
  else
    b.CreateCondBr(b.CreateICmpSLT(begin, end), before, after);

  b.SetInsertPoint(before);
  b.CreateBr(inside);
  const auto made_before = made_.back();
  preheaders_.push_back(before);
  certain_.push_back(certain);
  made_.emplace_back();

  b.SetInsertPoint(inside);
  llvm::PHINode* i = b.CreatePHI(b.getInt64Ty(), 2);
  llvm::SmallVector<llvm::PHINode*, 4> phis;
  Values now;
  for (Value* value : carried) {
    phis.push_back(b.CreatePHI(value->getType(), 2));
    now.push_back(phis.back());
  }
  const Values next = body(i, now);
  Value* i_next = b.CreateNSWAdd(i, number(step));
  llvm::BasicBlock* latch = b.GetInsertBlock();
  b.CreateCondBr(b.CreateICmpSLT(i_next, end), inside, after);
  i->addIncoming(begin, before);
  i->addIncoming(i_next, latch);
  for (size_t k = 0; k < phis.size(); ++k) {
    phis[k]->addIncoming(carried[k], before);
    phis[k]->addIncoming(next[k], latch);
  }
  preheaders_.pop_back();
  certain_.pop_back();
  made_.pop_back();
  made_.back() = made_before;  // what `before` makes is not there when the loop did not run

  b.SetInsertPoint(after);
  Values results;
  for (size_t k = 0; k < carried.size(); ++k) {
    llvm::PHINode* result = b.CreatePHI(carried[k]->getType(), 2);
    result->addIncoming(next[k], latch);
    if (!certain) result->addIncoming(carried[k], outside);
    results.push_back(result);
  }
  return results;
}

void Nest::loop(Value* begin, Value* end, int64_t step, llvm::function_ref<void(Value* i)> body, bool surely) {
  const auto without_values = [&](Value* i, const Values&) {
    body(i);
    return Values{};
  };
  loop(begin, end, step, {}, without_values, surely);
}

void Nest::when(Value* condition, llvm::function_ref<void()> body) { branch(condition, body, /*returns=*/false); }

void Nest::leave_when(Value* condition, llvm::function_ref<void()> body) { branch(condition, body, /*returns=*/true); }

void Nest::branch(Value* condition, llvm::function_ref<void()> body, bool returns) {
  llvm::Function* function = b.GetInsertBlock()->getParent();
  auto* then = llvm::BasicBlock::Create(b.getContext(), "then", function);
  auto* after = llvm::BasicBlock::Create(b.getContext(), "after", function);
  b.CreateCondBr(condition, then, after);
  b.SetInsertPoint(then);
  const auto made_before = made_.back();
  body();
  made_.back() = made_before;
  if (returns)
    b.CreateRetVoid();
  else
    b.CreateBr(after);
  b.SetInsertPoint(after);
}

}  // namespace sinter::codegen::cpu
