// What one reduction does, apart from loops: identity, joining, order R's tree. Accumulators are one value (kReduce,
// kDot) or two (kArgmax: the best and where it is).
#pragma once

#include <optional>
#include <vector>

#include "codegen/cpu/nest.h"
#include "ir/loops/kernel.h"

namespace sinter::codegen::cpu {

class Fold {
 public:
  // operand: the dtype of operand 0.
  Fold(llvm::IRBuilder<>& b, const loops::Inst& inst, DType operand) : b_(b), inst_(inst), operand_(operand) {}

  // Whether any order of joining gives the same bits, so that order R need not be spelled out; kDot has an order of its
  // own, the ascending one.
  [[nodiscard]] bool any_order() const;
  [[nodiscard]] bool ascending() const { return inst_.kind == loops::InstKind::kDot; }
  [[nodiscard]] std::vector<DType> dtypes() const;  // of the accumulators
  // width 1: scalars.
  [[nodiscard]] Values identity(unsigned width) const;
  // An element's operands joined to an accumulator; an accumulator joined to another (not kDot).
  [[nodiscard]] Values add(const Values& acc, const Values& x) const;
  [[nodiscard]] Values join(const Values& acc, const Values& other) const;
  // The tree over 16 accumulators; those missing hold the identity and are passed over, which no combiner's bits show.
  [[nodiscard]] Values tree(std::vector<std::optional<Values>> lanes) const;
  // The same over the lanes of vectors.
  [[nodiscard]] Values tree_of_lanes(Values acc) const;
  // `now` where the mask is set, else `before`.
  [[nodiscard]] Values where(llvm::Value* mask, const Values& now, const Values& before) const;
  // The value of the instruction.
  [[nodiscard]] llvm::Value* result(const Values& acc) const { return acc.back(); }

 private:
  llvm::IRBuilder<>& b_;
  const loops::Inst& inst_;
  DType operand_;
};

}  // namespace sinter::codegen::cpu
