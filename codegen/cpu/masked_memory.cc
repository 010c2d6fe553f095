// With AVX2, LLVM's own intrinsics do not keep their mask: where it splits a vector in two, a half whose lanes nothing
// reads gets a constant mask of which only the sign bits count, and is then taken for one that may be loaded whole
// (X86ISelLowering.cpp, combineMaskedLoadConstantMask). So AVX2's instructions are named, and no vector is left to
// split.
#include "codegen/cpu/masked_memory.h"

#include <llvm/Analysis/VectorUtils.h>
#include <llvm/IR/IntrinsicsX86.h>

#include <algorithm>

#include "codegen/cpu/target.h"

namespace sinter::codegen::cpu {
namespace {

using llvm::Value;

constexpr unsigned kSmallestBytes = 16;  // of a vector that AVX2 masks

unsigned element_bytes(const llvm::FixedVectorType* type) { return type->getScalarSizeInBits() / 8; }

// `count` lanes from `first` on; those beyond the vector's are zero.
Value* lanes_from(llvm::IRBuilder<>& b, Value* vector, unsigned first, unsigned count) {
  const unsigned lanes = llvm::cast<llvm::FixedVectorType>(vector->getType())->getNumElements();
  if (first == 0 && count == lanes) return vector;
  llvm::SmallVector<int, 16> taken;
  for (unsigned i = first; i < first + count; ++i) taken.push_back(static_cast<int>(std::min(i, lanes)));
  return b.CreateShuffleVector(vector, llvm::Constant::getNullValue(vector->getType()), taken);
}

// AVX2's instructions for 4 and 8 bytes an element, in 16 and 32 bytes.
llvm::Intrinsic::ID avx2_load(unsigned bytes, unsigned lanes) {
  const bool whole = bytes * lanes > kSmallestBytes;
  if (bytes == 4) return whole ? llvm::Intrinsic::x86_avx2_maskload_d_256 : llvm::Intrinsic::x86_avx2_maskload_d;
  return whole ? llvm::Intrinsic::x86_avx2_maskload_q_256 : llvm::Intrinsic::x86_avx2_maskload_q;
}
llvm::Intrinsic::ID avx2_store(unsigned bytes, unsigned lanes) {
  const bool whole = bytes * lanes > kSmallestBytes;
  if (bytes == 4) return whole ? llvm::Intrinsic::x86_avx2_maskstore_d_256 : llvm::Intrinsic::x86_avx2_maskstore_d;
  return whole ? llvm::Intrinsic::x86_avx2_maskstore_q_256 : llvm::Intrinsic::x86_avx2_maskstore_q;
}

// How an access is cut into pieces of one register.
struct Pieces {
  Pieces(llvm::IRBuilder<>& b, const llvm::FixedVectorType* type)
      : isa(isa_of(*b.GetInsertBlock()->getParent())),
        bytes(element_bytes(type)),
        // Bytes have no masked instruction in AVX2: LLVM makes a branch for each lane.
        named(isa == Isa::kAvx2 && bytes >= 4),
        count(std::min(type->getNumElements(), register_bytes(isa) / bytes)),
        lanes(named ? std::max(count, kSmallestBytes / bytes) : count) {}
  Isa isa;
  unsigned bytes;
  bool named;
  unsigned count;  // elements of a piece
  unsigned lanes;  // of its register: more where AVX2 has none as small
};

// As AVX2 wants it: integers whose sign bits say which lanes.
Value* sign_mask(llvm::IRBuilder<>& b, Value* mask, const Pieces& pieces) {
  return b.CreateSExt(mask, llvm::FixedVectorType::get(b.getIntNTy(pieces.bytes * 8), pieces.lanes));
}

}  // namespace

Value* masked_load(llvm::IRBuilder<>& b, llvm::FixedVectorType* type, Value* pointer, Value* mask) {
  const Pieces pieces(b, type);
  auto* piece_type = llvm::FixedVectorType::get(type->getElementType(), pieces.lanes);
  llvm::SmallVector<Value*, 4> loaded;
  for (unsigned first = 0; first < type->getNumElements(); first += pieces.count) {
    Value* at = b.CreateConstGEP1_64(type->getElementType(), pointer, first);
    Value* chosen = lanes_from(b, mask, first, pieces.count);
    if (pieces.named) {
      chosen = sign_mask(b, lanes_from(b, chosen, 0, pieces.lanes), pieces);
      Value* piece = b.CreateIntrinsic(avx2_load(pieces.bytes, pieces.lanes), {}, {at, chosen});
      loaded.push_back(lanes_from(b, b.CreateBitCast(piece, piece_type), 0, pieces.count));
    } else {
      loaded.push_back(b.CreateMaskedLoad(piece_type, at, llvm::Align(pieces.bytes), chosen,
                                          llvm::Constant::getNullValue(piece_type)));
    }
  }
  return llvm::concatenateVectors(b, loaded);
}

void masked_store(llvm::IRBuilder<>& b, Value* value, Value* pointer, Value* mask) {
  auto* type = llvm::cast<llvm::FixedVectorType>(value->getType());
  const Pieces pieces(b, type);
  for (unsigned first = 0; first < type->getNumElements(); first += pieces.count) {
    Value* at = b.CreateConstGEP1_64(type->getElementType(), pointer, first);
    Value* chosen = lanes_from(b, mask, first, pieces.count);
    Value* piece = lanes_from(b, value, first, pieces.count);
    if (pieces.named) {
      chosen = sign_mask(b, lanes_from(b, chosen, 0, pieces.lanes), pieces);
      piece = b.CreateBitCast(lanes_from(b, piece, 0, pieces.lanes), chosen->getType());
      b.CreateIntrinsic(avx2_store(pieces.bytes, pieces.lanes), {}, {at, chosen, piece});
    } else {
      b.CreateMaskedStore(piece, at, llvm::Align(pieces.bytes), chosen);
    }
  }
}

}  // namespace sinter::codegen::cpu
