#include "codegen/cpu/prims.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>

#include <optional>

#include "ir/scalar/primitives.h"
#include "support/error.h"
#include "support/float_mode.h"

namespace sinter::codegen::cpu {
namespace {

using ir::Prim;
using llvm::Value;

// Quotients that would trap, made to order: x / 0 = 0, min / -1 = min.
Value* integer_quotient(llvm::IRBuilder<>& b, Value* x, Value* y) {
  llvm::Type* type = x->getType();
  Value *zero = llvm::ConstantInt::get(type, 0), *one = llvm::ConstantInt::get(type, 1);
  Value* by_zero = b.CreateICmpEQ(y, zero);
  Value* by_minus_one = b.CreateICmpEQ(y, llvm::Constant::getAllOnesValue(type));
  Value* safe = b.CreateSelect(b.CreateOr(by_zero, by_minus_one), one, y);
  Value* quotient = b.CreateSDiv(x, safe);
  quotient = b.CreateSelect(by_minus_one, b.CreateNeg(x), quotient);
  return b.CreateSelect(by_zero, zero, quotient);
}

Value* high_half(llvm::IRBuilder<>& b, Value* x, Value* y) {
  llvm::Type* type = x->getType();
  llvm::Type* wide = with_element(type, b.getInt64Ty());
  Value* product = b.CreateMul(b.CreateZExt(x, wide), b.CreateZExt(y, wide));
  return b.CreateTrunc(b.CreateLShr(product, llvm::ConstantInt::get(wide, 32)), type);
}

// Counts outside [0, bits) move everything out; the hardware's modulo must not show.
Value* shift(llvm::IRBuilder<>& b, Prim prim, Value* x, Value* count) {
  llvm::Type* type = x->getType();
  const unsigned bits = type->getScalarSizeInBits();
  Value* in_range = b.CreateICmpULT(count, llvm::ConstantInt::get(type, bits));
  if (prim == Prim::kShrA) {
    return b.CreateAShr(x, b.CreateSelect(in_range, count, llvm::ConstantInt::get(type, bits - 1)));
  }
  Value* safe = b.CreateSelect(in_range, count, llvm::ConstantInt::get(type, 0));
  Value* shifted = prim == Prim::kShl ? b.CreateShl(x, safe) : b.CreateLShr(x, safe);
  return b.CreateSelect(in_range, shifted, llvm::ConstantInt::get(type, 0));
}

Value* convert(llvm::IRBuilder<>& b, Value* x, DType from, DType to) {
  if (from == to) return x;
  llvm::Type* type = with_element(x->getType(), register_type(b.getContext(), to));
  if (to == kBool) {
    if (is_float(from)) return b.CreateFCmpUNE(x, llvm::ConstantFP::get(x->getType(), 0.0));
    return b.CreateICmpNE(x, llvm::ConstantInt::get(x->getType(), 0));
  }
  if (is_float(from)) {
    if (is_float(to)) return b.CreateFPCast(x, type);
    return b.CreateIntrinsic(llvm::Intrinsic::fptosi_sat, {type, x->getType()}, {x});
  }
  if (is_float(to)) return from == kBool ? b.CreateUIToFP(x, type) : b.CreateSIToFP(x, type);
  return from == kBool ? b.CreateZExt(x, type) : b.CreateSExtOrTrunc(x, type);
}

Value* compare(llvm::IRBuilder<>& b, Prim prim, DType dtype, Value* x, Value* y) {
  const bool floats = is_float(dtype), bools = dtype == kBool;
  switch (prim) {
    case Prim::kEq:
      return floats ? b.CreateFCmpOEQ(x, y) : b.CreateICmpEQ(x, y);
    case Prim::kNe:
      return floats ? b.CreateFCmpUNE(x, y) : b.CreateICmpNE(x, y);
    case Prim::kLt:
      return floats ? b.CreateFCmpOLT(x, y) : bools ? b.CreateICmpULT(x, y) : b.CreateICmpSLT(x, y);
    default:
      return floats ? b.CreateFCmpOLE(x, y) : bools ? b.CreateICmpULE(x, y) : b.CreateICmpSLE(x, y);
  }
}

Value* absolute(llvm::IRBuilder<>& b, DType dtype, Value* x) {
  if (is_float(dtype)) return b.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, x);
  return b.CreateSelect(b.CreateICmpSLT(x, llvm::ConstantInt::get(x->getType(), 0)), b.CreateNeg(x), x);
}

// What every lane of a constant holds; nothing for what is computed at run time.
std::optional<uint64_t> bits_of(Value* value) {
  auto* constant = llvm::dyn_cast<llvm::Constant>(value);
  if (constant != nullptr && constant->getType()->isVectorTy()) constant = constant->getSplatValue();
  if (constant == nullptr) return std::nullopt;
  if (const auto* number = llvm::dyn_cast<llvm::ConstantInt>(constant)) return number->getZExtValue();
  if (const auto* number = llvm::dyn_cast<llvm::ConstantFP>(constant))
    return number->getValueAPF().bitcastToAPInt().getZExtValue();
  return std::nullopt;
}

// Constants are folded by the interpreter: LLVM's own folding knows nothing of denormals that count as zero.
Value* folded(llvm::IRBuilder<>& b, Prim prim, DType result, DType operand, llvm::ArrayRef<Value*> x) {
  uint64_t bits[3] = {}, made = 0;
  ir::Operands in{};
  for (size_t i = 0; i < x.size(); ++i) {
    const auto known = bits_of(x[i]);
    if (!known) return nullptr;
    bits[i] = *known;
    in[i] = reinterpret_cast<const std::byte*>(&bits[i]);
  }
  const FloatModeScope mode;
  ir::run_primitive(prim, result, prim == Prim::kSelect ? kBool : operand, reinterpret_cast<std::byte*>(&made), in, 1);
  return constant_of(with_element(x.back()->getType(), register_type(b.getContext(), result)), result, made);
}

}  // namespace

llvm::Type* register_type(llvm::LLVMContext& context, DType dtype) {
  switch (dtype) {
    case kBool:
      return llvm::Type::getInt1Ty(context);
    case kInt32:
      return llvm::Type::getInt32Ty(context);
    case kInt64:
      return llvm::Type::getInt64Ty(context);
    case kFloat32:
      return llvm::Type::getFloatTy(context);
    case kFloat64:
      break;
  }
  return llvm::Type::getDoubleTy(context);
}

llvm::Type* memory_type(llvm::LLVMContext& context, DType dtype) {
  return dtype == kBool ? llvm::Type::getInt8Ty(context) : register_type(context, dtype);
}

llvm::Type* with_element(llvm::Type* shape, llvm::Type* element) {
  const auto* vector = llvm::dyn_cast<llvm::VectorType>(shape);
  return vector == nullptr ? element : llvm::VectorType::get(element, vector->getElementCount());
}

Value* constant_of(llvm::Type* shape, DType dtype, uint64_t bits) {
  if (!is_float(dtype)) {
    const unsigned width = shape->getScalarSizeInBits();
    return llvm::ConstantInt::get(shape, llvm::APInt(64, dtype == kBool ? uint64_t{bits != 0} : bits).trunc(width));
  }
  const auto& semantics = dtype == kFloat32 ? llvm::APFloat::IEEEsingle() : llvm::APFloat::IEEEdouble();
  return llvm::ConstantFP::get(shape,
                               llvm::APFloat(semantics, llvm::APInt(64, bits).trunc(dtype == kFloat32 ? 32 : 64)));
}

Value* emit_prim(llvm::IRBuilder<>& b, Prim prim, DType result, DType operand, llvm::ArrayRef<Value*> x) {
  if (Value* constant = folded(b, prim, result, operand, x)) return constant;
  const bool floats = is_float(operand);
  switch (prim) {
    case Prim::kConstant:
    case Prim::kArgument:
      break;
    case Prim::kAdd:
      return floats ? b.CreateFAdd(x[0], x[1]) : b.CreateAdd(x[0], x[1]);
    case Prim::kSub:
      return floats ? b.CreateFSub(x[0], x[1]) : b.CreateSub(x[0], x[1]);
    case Prim::kMul:
      return floats ? b.CreateFMul(x[0], x[1]) : b.CreateMul(x[0], x[1]);
    case Prim::kDiv:
      return b.CreateFDiv(x[0], x[1]);
    case Prim::kFma:
      return b.CreateIntrinsic(llvm::Intrinsic::fma, {x[0]->getType()}, {x[0], x[1], x[2]});
    case Prim::kNeg:
      return floats ? b.CreateFNeg(x[0]) : b.CreateNeg(x[0]);
    case Prim::kAbs:
      return absolute(b, operand, x[0]);
    case Prim::kSqrt:
      return b.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, x[0]);
    case Prim::kFloor:
      return b.CreateUnaryIntrinsic(llvm::Intrinsic::floor, x[0]);
    case Prim::kCeil:
      return b.CreateUnaryIntrinsic(llvm::Intrinsic::ceil, x[0]);
    case Prim::kRint:
      return b.CreateUnaryIntrinsic(llvm::Intrinsic::roundeven, x[0]);
    case Prim::kIDiv:
      return integer_quotient(b, x[0], x[1]);
    case Prim::kIRem:
      return b.CreateSub(x[0], b.CreateMul(integer_quotient(b, x[0], x[1]), x[1]));
    case Prim::kMulHiU:
      return high_half(b, x[0], x[1]);
    case Prim::kEq:
    case Prim::kNe:
    case Prim::kLt:
    case Prim::kLe:
      return compare(b, prim, operand, x[0], x[1]);
    case Prim::kAnd:
      return b.CreateAnd(x[0], x[1]);
    case Prim::kOr:
      return b.CreateOr(x[0], x[1]);
    case Prim::kXor:
      return b.CreateXor(x[0], x[1]);
    case Prim::kNot:
      return b.CreateNot(x[0]);
    case Prim::kShl:
    case Prim::kShrL:
    case Prim::kShrA:
      return shift(b, prim, x[0], x[1]);
    case Prim::kSelect:
      return b.CreateSelect(x[0], x[1], x[2]);
    case Prim::kConvert:
      return convert(b, x[0], operand, result);
    case Prim::kBitcast:
      return b.CreateBitCast(x[0], with_element(x[0]->getType(), register_type(b.getContext(), result)));
  }
  throw InternalError("a primitive with operands is emitted");
}

}  // namespace sinter::codegen::cpu
