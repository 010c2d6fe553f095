// Instructions of a pass other than memory and reductions. What does not differ between lanes stays scalar, what does
// not change in a loop is emitted in front of it.
#include <algorithm>

#include "codegen/cpu/pass_emitter.h"
#include "codegen/cpu/philox.h"
#include "codegen/cpu/prims.h"
#include "ir/scalar/expr.h"

namespace sinter::codegen::cpu {

using llvm::Value;
using loops::Inst;
using loops::InstKind;

llvm::Type* PassEmitter::shape_of(DType dtype, bool varying) {
  llvm::Type* element = register_type(nest_.b.getContext(), dtype);
  return varying && lanes_.width > 1 ? llvm::FixedVectorType::get(element, lanes_.width) : element;
}

// One copy of a value, as a vector where lanes differ anywhere.
Value* PassEmitter::in_lanes(const Val& value, unsigned copy) {
  if (value.varying) return value.at[copy];
  return lanes_.width == 1 ? value.at[0] : nest_.splat(value.level, value.at[0], lanes_.width);
}

Val PassEmitter::apply(const ir::ExprGraph& graph, llvm::ArrayRef<const Val*> operands) {
  std::vector<Val> made;
  for (const ir::ExprNode& node : graph.nodes()) {
    Val value;
    if (node.prim == ir::Prim::kArgument) {
      value = *operands[node.payload];
    } else if (node.prim == ir::Prim::kConstant) {
      value.at.push_back(constant_of(shape_of(node.dtype, false), node.dtype, node.payload));
    } else {
      const auto arity = static_cast<unsigned>(ir::facts(node.prim).arity);
      for (unsigned i = 0; i < arity; ++i) {
        value.varying |= made[node.operands[i]].varying;
        value.level = std::max(value.level, made[node.operands[i]].level);
      }
      for (unsigned c = 0; c < (value.varying ? lanes_.copies : 1); ++c) {
        Values x;
        for (unsigned i = 0; i < arity; ++i) {
          const Val& operand = made[node.operands[i]];
          x.push_back(value.varying ? in_lanes(operand, c) : operand.at[0]);
        }
        const DType type = graph[node.operands[node.prim == ir::Prim::kSelect ? 1 : 0]].dtype;
        value.at.push_back(nest_.at(value.level, [&] { return emit_prim(nest_.b, node.prim, node.dtype, type, x); }));
      }
    }
    made.push_back(std::move(value));
  }
  return made[graph.roots()[0]];
}

Val PassEmitter::index_value(const Inst& inst) {
  const Affine index = affine(inst.index);
  Val value{.varying = !index.uniform(), .level = index.level};
  for (unsigned c = 0; c < (value.varying ? lanes_.copies : 1); ++c)
    value.at.push_back(value.varying ? lane_vector(index, c) : scalar_sum(index));
  return value;
}

Val PassEmitter::check_index(uint32_t value, const Inst& inst) {
  auto& b = nest_.b;
  const Val& index = values_[inst.operands[0]];
  int64_t number = 0;  // of this check within the kernel
  for (uint32_t v = 0; v < value; ++v) number += kernel_.inst(v).kind == InstKind::kCheckIndex ? 1 : 0;
  Val checked{.at = index.at, .varying = index.varying, .level = nest_.level()};
  Value* extent = this->number(inst.extent);
  for (unsigned c = 0; c < index.at.size(); ++c) {
    Value* x = index.at[c];
    Value* limit = index.varying && lanes_.width > 1 ? nest_.splat(0, extent, lanes_.width) : extent;
    Value* bad = b.CreateICmpUGE(x, limit);  // negative numbers are large ones
    Value *any = bad, *which = x;
    if (bad->getType()->isVectorTy()) {
      if (lanes_.mask != nullptr) bad = b.CreateAnd(bad, lanes_.mask);
      any = b.CreateOrReduce(bad);
    }
    // Nothing is read or written by an index that fails: the run has no result.
    nest_.leave_when(any, [&] {
      if (bad->getType()->isVectorTy()) {
        Value* bits = b.CreateBitCast(bad, b.getIntNTy(lanes_.width));
        which =
            b.CreateExtractElement(x, b.CreateIntrinsic(llvm::Intrinsic::cttz, {bits->getType()}, {bits, b.getTrue()}));
      }
      // Several workers may fail at once: the one that claims the status writes the rest of it.
      Value* status = arguments_.status;
      constexpr auto kOrder = llvm::AtomicOrdering::Monotonic;  // read behind a barrier
      Value* claimed = b.CreateExtractValue(
          b.CreateAtomicCmpXchg(status, nest_.number(0), nest_.number(number + 1), llvm::MaybeAlign(8), kOrder, kOrder),
          1);
      nest_.when(claimed, [&] {
        b.CreateStore(which, b.CreateConstGEP1_64(b.getInt64Ty(), status, 1));
        b.CreateStore(extent, b.CreateConstGEP1_64(b.getInt64Ty(), status, 2));
      });
    });
  }
  return checked;
}

void PassEmitter::emit_inst(uint32_t value, const Inst& inst) {
  Val& made = values_[value];
  llvm::SmallVector<const Val*, 3> operands;
  for (const uint32_t operand : inst.operands) operands.push_back(&values_[operand]);
  switch (inst.kind) {
    case InstKind::kConstant:
      made = {.at = {constant_of(shape_of(inst.dtype, false), inst.dtype, inst.bits)}};
      return;
    case InstKind::kIndex:
      made = index_value(inst);
      return;
    case InstKind::kLoad:
      made = load(inst);
      return;
    case InstKind::kStore:
      store(inst);
      return;
    case InstKind::kAccumulate:
      accumulate(inst);
      return;
    case InstKind::kApply: {
      const DType type = kernel_.inst(inst.operands[inst.row->signature == ir::Signature::kSelect ? 1 : 0]).dtype;
      made = apply(ir::expression(*inst.row, type), operands);
      return;
    }
    case InstKind::kRngBits: {
      made = {};
      for (const Val* operand : operands) {
        made.varying |= operand->varying;
        made.level = std::max(made.level, operand->level);
      }
      for (unsigned c = 0; c < (made.varying ? lanes_.copies : 1); ++c) {
        const auto lanes = [&](size_t i) { return made.varying ? in_lanes(*operands[i], c) : operands[i]->at[0]; };
        Value *seed = lanes(0), *stream = lanes(1), *element = lanes(2);
        made.at.push_back(nest_.at(made.level, [&] { return emit_philox(nest_.b, seed, stream, element); }));
      }
      return;
    }
    case InstKind::kCheckIndex:
      made = check_index(value, inst);
      return;
    case InstKind::kReduce:
    case InstKind::kArgmax:
    case InstKind::kDot:
      return;  // folded by the loop around (reduce.cc)
  }
}

}  // namespace sinter::codegen::cpu
