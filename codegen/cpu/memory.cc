// Loads and stores of passes.
#include <algorithm>

#include "codegen/cpu/masked_memory.h"
#include "codegen/cpu/pass_emitter.h"
#include "codegen/cpu/prims.h"

namespace sinter::codegen::cpu {

using llvm::Value;
using loops::Inst;
using loops::InstKind;

bool PassEmitter::is_written(uint32_t buffer) const {
  for (const loops::Pass& pass : kernel_.passes)
    for (const Inst& inst : pass.insts)
      if ((inst.kind == InstKind::kStore || inst.kind == InstKind::kAccumulate) && inst.buffer == buffer) return true;
  return false;
}

// Where the condition holds the pointer, elsewhere one that a vector may be read from (it reads zero), so that no
// branch is needed.
Value* PassEmitter::safe_pointer(Value* pointer, Value* condition) {
  auto& b = nest_.b;
  if (zero_slot_ == nullptr) {
    auto* zero = llvm::Constant::getNullValue(llvm::FixedVectorType::get(b.getInt64Ty(), kLanes));
    zero_slot_ = nest_.stack(zero->getType(), 1);
    nest_.at(0, [&] {
      auto* store = b.CreateAlignedStore(zero, zero_slot_, llvm::Align(64));
      store->moveAfter(llvm::cast<llvm::Instruction>(zero_slot_));
    });
  }
  Value* safe = zero_slot_;
  if (pointer->getType()->isVectorTy()) safe = b.CreateVectorSplat(lanes_.width, safe);
  return b.CreateSelect(condition, pointer, safe);
}

// The same for a vector that is written.
Value* PassEmitter::pointer_or_sink(Value* pointer, Value* condition) {
  auto& b = nest_.b;
  if (sink_slot_ == nullptr) sink_slot_ = nest_.stack(b.getInt64Ty(), kLanes);
  Value* sink = sink_slot_;
  if (pointer->getType()->isVectorTy()) sink = b.CreateVectorSplat(lanes_.width, sink);
  return b.CreateSelect(condition, pointer, sink);
}

// The lanes of a copy in which the access happens; null for all.
Value* PassEmitter::mask_of(const Inst& inst, unsigned copy) {
  if (inst.guard < 0) return lanes_.mask;
  const Val& guard = values_[static_cast<size_t>(inst.guard)];
  Value* lanes = in_lanes(guard, copy);
  return lanes_.mask == nullptr ? lanes : nest_.b.CreateAnd(lanes, lanes_.mask);
}

Value* PassEmitter::load_at(const Place& place, unsigned copy, Value* mask) {
  auto& b = nest_.b;
  llvm::Type* element = memory_type(b.getContext(), place.dtype);
  auto* type = llvm::FixedVectorType::get(element, lanes_.width);
  const llvm::Align align(size_of(place.dtype));
  Value* pointer = place.pointers[place.form == Place::Form::kUniform ? 0 : copy];
  Value* loaded = nullptr;
  if (place.form == Place::Form::kContiguous) {
    loaded = mask == nullptr ? static_cast<Value*>(b.CreateAlignedLoad(type, pointer, align))
                             : masked_load(b, type, pointer, mask);
  } else if (place.form == Place::Form::kGather) {
    if (mask != nullptr) pointer = safe_pointer(pointer, mask);
    loaded = b.CreateMaskedGather(type, pointer, align);
  } else {
    loaded = b.CreateAlignedLoad(element, pointer, align);
    if (place.form == Place::Form::kSplat) loaded = b.CreateVectorSplat(lanes_.width, loaded);
  }
  if (place.dtype == kBool) loaded = b.CreateICmpNE(loaded, llvm::Constant::getNullValue(loaded->getType()));
  return loaded;
}

Val PassEmitter::load(const Inst& inst) {
  Place place = this->place(inst.buffer, inst.index);
  const Val* guard = inst.guard < 0 ? nullptr : &values_[static_cast<size_t>(inst.guard)];
  int level = std::max(place.level, guard == nullptr ? 0 : guard->level);
  if (is_written(inst.buffer)) level = nest_.level();
  level = std::min(nest_.certain_level(level), nest_.level());
  Val loaded{.varying = place.form != Place::Form::kUniform || (guard != nullptr && guard->varying), .level = level};
  nest_.at(level, [&] {
    auto& b = nest_.b;
    if (place.form == Place::Form::kUniform || place.form == Place::Form::kSplat) {
      // A lane's guard is applied to the value; the pointer is good as soon as any lane wants it.
      for (unsigned c = 0; c < (loaded.varying ? lanes_.copies : 1); ++c) {
        Place one = place;
        Value*& pointer = one.pointers[place.form == Place::Form::kUniform ? 0 : c];
        if (guard != nullptr) {
          Value* any = guard->varying ? b.CreateOrReduce(mask_of(inst, c)) : guard->at[0];
          pointer = safe_pointer(pointer, any);
        }
        Value* value = load_at(one, c, nullptr);
        if (guard != nullptr && guard->varying) {
          if (!value->getType()->isVectorTy()) value = b.CreateVectorSplat(lanes_.width, value);
          value = b.CreateSelect(mask_of(inst, c), value, llvm::Constant::getNullValue(value->getType()));
        }
        loaded.at.push_back(value);
      }
    } else {
      for (unsigned c = 0; c < lanes_.copies; ++c) {
        Value* mask = mask_of(inst, c);
        if (guard != nullptr && place.form == Place::Form::kContiguous) {
          // A load of no lane at an address without memory would stall the processor; where the guard is the same for
          // all lanes, zeros are read instead.
          Value* any = guard->varying ? b.CreateOrReduce(mask) : guard->at[0];
          place.pointers[c] = safe_pointer(place.pointers[c], any);
          if (!guard->varying) mask = lanes_.mask;
        }
        loaded.at.push_back(load_at(place, c, mask));
      }
    }
  });
  return loaded;
}

void PassEmitter::store_at(const Place& place, unsigned copy, Value* value, Value* mask) {
  auto& b = nest_.b;
  if (place.dtype == kBool) value = b.CreateZExt(value, with_element(value->getType(), b.getInt8Ty()));
  const llvm::Align align(size_of(place.dtype));
  Value* pointer = place.pointers[place.form == Place::Form::kUniform ? 0 : copy];
  if (place.form == Place::Form::kContiguous) {
    if (mask == nullptr)
      b.CreateAlignedStore(value, pointer, align);
    else
      masked_store(b, value, pointer, mask);
    return;
  }
  if (!value->getType()->isVectorTy()) {
    b.CreateAlignedStore(value, pointer, align);
    return;
  }
  if (!pointer->getType()->isVectorTy()) pointer = b.CreateVectorSplat(lanes_.width, pointer);
  if (mask != nullptr) pointer = pointer_or_sink(pointer, mask);
  b.CreateMaskedScatter(value, pointer, align);  // in order of lanes: the last one stays
}

void PassEmitter::store(const Inst& inst) {
  Place place = this->place(inst.buffer, inst.index);
  const Val& value = values_[inst.operands[0]];
  const Val* guard = inst.guard < 0 ? nullptr : &values_[static_cast<size_t>(inst.guard)];
  if (place.form == Place::Form::kUniform && !value.varying && (guard == nullptr || !guard->varying)) {
    if (guard == nullptr)
      store_at(place, 0, value.at[0], nullptr);
    else
      nest_.when(guard->at[0], [&] { store_at(place, 0, value.at[0], nullptr); });
    return;
  }
  for (unsigned c = 0; c < lanes_.copies; ++c) {
    Value* mask = mask_of(inst, c);
    if (guard != nullptr && place.form == Place::Form::kContiguous)  // as in load
      place.pointers[c] = pointer_or_sink(place.pointers[c], nest_.b.CreateOrReduce(mask));
    store_at(place, c, in_lanes(value, c), mask);
  }
}

// Lanes run over outer points, which never meet; the inner points come one after the other.
void PassEmitter::accumulate(const Inst& inst) {
  auto& b = nest_.b;
  const Place place = this->place(inst.buffer, inst.index);
  const Val& value = values_[inst.operands[0]];
  const auto sum = [&](Value* x, Value* y) {
    return is_float(inst.dtype) ? b.CreateFAdd(x, y) : inst.dtype == kBool ? b.CreateOr(x, y) : b.CreateAdd(x, y);
  };
  if (lanes_.width == 1) {
    store_at(place, 0, sum(load_at(place, 0, nullptr), value.at[0]), nullptr);
    return;
  }
  for (unsigned c = 0; c < lanes_.copies; ++c) {
    Value* mask = mask_of(inst, c);
    Value* old = load_at(place, c, mask);
    if (!old->getType()->isVectorTy()) old = b.CreateVectorSplat(lanes_.width, old);
    store_at(place, c, sum(old, in_lanes(value, c)), mask);
  }
}

}  // namespace sinter::codegen::cpu
