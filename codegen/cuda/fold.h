// A reduction instruction in CUDA text: its accumulators, how elements and other accumulators join them, and trees over
// threads. An accumulator is a variable; argmax has a second one, with "_at" behind its name.
#pragma once

#include "codegen/cuda/point_writer.h"

namespace sinter::codegen::cuda {

class Fold {
 public:
  Fold(PointWriter& writer, uint32_t value);

  [[nodiscard]] uint32_t value() const { return value_; }
  // Whether any order of joining gives the same bits; dots fold in ascending order and are never joined.
  [[nodiscard]] bool any_order() const;
  [[nodiscard]] bool is_dot() const { return inst_.kind == loops::InstKind::kDot; }
  [[nodiscard]] bool is_argmax() const { return inst_.kind == loops::InstKind::kArgmax; }
  [[nodiscard]] DType dtype() const { return dtype_; }

  void declare(const std::string& accumulator) const;  // as the identity
  void add(const std::string& accumulator) const;      // the element of the current inner point
  void join(const std::string& accumulator, const std::string& other, const std::string& condition = "") const;
  // The 16 accumulators of the half warp joined: each of its threads gets the result.
  void join_row(const std::string& accumulator) const;
  // The accumulators of a block's 16 half warps, equal inside each.
  void join_block(const std::string& accumulator) const;
  // Thread l*32 + c has lane l of column c; each gets its column's result.
  void join_columns(const std::string& accumulator) const;
  // From here on the kernel's value is what the accumulator holds.
  void finish(const std::string& accumulator) const;

  // Bytes of shared memory that join_block and join_columns use.
  static constexpr size_t kBlockBytes = 2 * 16 * 8, kColumnBytes = 2 * 560 * 8;

 private:
  [[nodiscard]] std::string row_helper() const;
  void call(const std::string& function, const std::string& accumulator, const std::string& more) const;

  PointWriter& writer_;
  uint32_t value_;
  const loops::Inst& inst_;
  DType dtype_;
};

// The reductions of a pass.
[[nodiscard]] std::vector<Fold> folds_of(PointWriter& writer, size_t pass);

}  // namespace sinter::codegen::cuda
