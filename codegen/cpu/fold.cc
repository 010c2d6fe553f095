#include "codegen/cpu/fold.h"

#include <cstring>
#include <limits>

#include "codegen/cpu/prims.h"
#include "codegen/cpu/target.h"

namespace sinter::codegen::cpu {

using llvm::Value;
using loops::InstKind;

namespace {

llvm::Type* shape(llvm::LLVMContext& context, DType dtype, unsigned width) {
  llvm::Type* element = register_type(context, dtype);
  return width == 1 ? element : llvm::FixedVectorType::get(element, width);
}

uint64_t bits_of(DType dtype, double as_double, int64_t as_int) {
  return visit_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    const T value = is_float(dtype) ? static_cast<T>(as_double) : static_cast<T>(as_int);
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    return bits;
  });
}

Value* evaluate(llvm::IRBuilder<>& b, const ir::ExprGraph& graph, llvm::ArrayRef<Value*> arguments) {
  std::vector<Value*> made;
  for (const ir::ExprNode& node : graph.nodes()) {
    if (node.prim == ir::Prim::kArgument) {
      made.push_back(arguments[node.payload]);
    } else if (node.prim == ir::Prim::kConstant) {
      llvm::Type* type = with_element(arguments[0]->getType(), register_type(b.getContext(), node.dtype));
      made.push_back(constant_of(type, node.dtype, node.payload));
    } else {
      Values x;
      for (int i = 0; i < ir::facts(node.prim).arity; ++i) x.push_back(made[node.operands[static_cast<size_t>(i)]]);
      made.push_back(emit_prim(b, node.prim, node.dtype, graph[node.operands[0]].dtype, x));
    }
  }
  return made[graph.roots()[0]];
}

}  // namespace

bool Fold::any_order() const {
  return inst_.kind == InstKind::kArgmax ||
         (inst_.kind == InstKind::kReduce && (inst_.combiner->exact || !is_float(operand_)));
}

std::vector<DType> Fold::dtypes() const {
  if (inst_.kind == InstKind::kArgmax) return {operand_, kInt64};
  return {operand_};
}

Values Fold::identity(unsigned width) const {
  llvm::Type* type = shape(b_.getContext(), operand_, width);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr int64_t kLowest = std::numeric_limits<int64_t>::min(), kHighest = std::numeric_limits<int64_t>::max();
  if (inst_.kind == InstKind::kDot) return {llvm::Constant::getNullValue(type)};
  if (inst_.kind == InstKind::kReduce)
    return {
        constant_of(type, operand_, bits_of(operand_, inst_.combiner->identity_double, inst_.combiner->identity_int))};
  // Any element is better: none lies lower, and all lie before.
  const uint64_t lowest = operand_ == kBool ? 0 : bits_of(operand_, -kInfinity, kLowest);
  return {constant_of(type, operand_, lowest),
          constant_of(shape(b_.getContext(), kInt64, width), kInt64, static_cast<uint64_t>(kHighest))};
}

Values Fold::add(const Values& acc, const Values& x) const {
  if (inst_.kind != InstKind::kDot) return join(acc, x);
  if (is_float(operand_)) return {emit_prim(b_, ir::Prim::kFma, operand_, operand_, {x[0], x[1], acc[0]})};
  return {b_.CreateAdd(b_.CreateMul(x[0], x[1]), acc[0])};
}

Values Fold::join(const Values& acc, const Values& other) const {
  if (inst_.kind == InstKind::kReduce)
    return {evaluate(b_, ir::expression(ir::find_row(inst_.combiner->row), operand_), {acc[0], other[0]})};
  Value *best = acc[0], *at = acc[1], *x = other[0], *i = other[1];
  Value *above = nullptr, *equal = nullptr;
  if (is_float(operand_)) {
    Value *x_nan = b_.CreateFCmpUNO(x, x), *best_nan = b_.CreateFCmpUNO(best, best);
    above = b_.CreateOr(b_.CreateFCmpOGT(x, best), b_.CreateAnd(x_nan, b_.CreateNot(best_nan)));
    equal = b_.CreateOr(b_.CreateFCmpOEQ(x, best), b_.CreateAnd(x_nan, best_nan));
  } else {
    above = operand_ == kBool ? b_.CreateICmpUGT(x, best) : b_.CreateICmpSGT(x, best);
    equal = b_.CreateICmpEQ(x, best);
  }
  Value* better = b_.CreateOr(above, b_.CreateAnd(equal, b_.CreateICmpSLT(i, at)));
  return {b_.CreateSelect(better, x, best), b_.CreateSelect(better, i, at)};
}

Values Fold::tree(std::vector<std::optional<Values>> lanes) const {
  for (size_t half = kLanes / 2; half > 0; half /= 2)
    for (size_t l = 0; l < half; ++l)
      if (lanes[l + half]) lanes[l] = lanes[l] ? join(*lanes[l], *lanes[l + half]) : *lanes[l + half];
  return *lanes[0];
}

Values Fold::tree_of_lanes(Values acc) const {
  for (int half = kLanes / 2; half > 0; half /= 2) {
    Values low, high;
    for (Value* value : acc) {
      if (half == 1) {
        low.push_back(b_.CreateExtractElement(value, uint64_t{0}));
        high.push_back(b_.CreateExtractElement(value, uint64_t{1}));
        continue;
      }
      llvm::SmallVector<int, 16> low_lanes, high_lanes;
      for (int l = 0; l < half; ++l) {
        low_lanes.push_back(l);
        high_lanes.push_back(l + half);
      }
      low.push_back(b_.CreateShuffleVector(value, low_lanes));
      high.push_back(b_.CreateShuffleVector(value, high_lanes));
    }
    acc = join(low, high);
  }
  return acc;
}

Values Fold::where(Value* mask, const Values& now, const Values& before) const {
  Values picked;
  for (size_t i = 0; i < now.size(); ++i) picked.push_back(b_.CreateSelect(mask, now[i], before[i]));
  return picked;
}

}  // namespace sinter::codegen::cpu
