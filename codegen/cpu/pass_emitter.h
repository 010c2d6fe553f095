// Emits the passes of a kernel for one outer point, or for vectors of outer points side by side. The nests around it
// (map_kernel, dot_kernel) say what the outer ranges are.
#pragma once

#include <optional>
#include <vector>

#include "codegen/cpu/fold.h"
#include "codegen/cpu/nest.h"
#include "codegen/cpu/target.h"
#include "ir/loops/kernel.h"

namespace sinter::codegen::cpu {

// What the function was called with, loaded once.
struct KernelArguments {
  Values buffers;  // pointers
  Values symbols;  // i64
  llvm::Value *begin = nullptr, *end = nullptr, *scratch = nullptr, *status = nullptr;
};
[[nodiscard]] KernelArguments load_arguments(Nest& nest, llvm::Value* call, const loops::Kernel& kernel);

// A kernel value in registers: one scalar, or a vector for each of the copies in flight.
struct Val {
  Values at;
  bool varying = false;
  int level = 0;
};

// An address, index or range, split by what its parts depend on. Lane l of copy c has
//   base + sum(scalars) + copies[c] + (c * width + l) * stride + vectors[c][l].
struct Affine {
  struct Part {
    llvm::Value* value;
    int level;
  };
  int64_t base = 0;
  std::vector<Part> scalars;
  int64_t stride = 0;
  Values copies;   // empty, or one scalar a copy
  Values vectors;  // empty, or one <width x i64> a copy
  int level = 0;
  bool aligned = false;  // lane 0 of every copy is a multiple of the width
  [[nodiscard]] bool uniform() const { return stride == 0 && copies.empty() && vectors.empty(); }
};

// Lanes side by side: `copies` vectors of `width`; with width 1, scalar code. mask: which lanes exist (one copy only).
struct Lanes {
  unsigned width = 1, copies = 1;
  llvm::Value* mask = nullptr;
};

// Whether the kernel's one pass over inner points folds long columns that lie side by side (column_reduction.cc).
[[nodiscard]] bool reduces_columns(const loops::Kernel& kernel);

class PassEmitter {
 public:
  PassEmitter(Nest& nest, const loops::Kernel& kernel, const KernelArguments& arguments);

  // The outer point: every outer range, the lanes, and values of passes that somebody else has computed.
  // In lanes, `value` is lane 0's, a multiple of the width.
  void bind(uint32_t range, llvm::Value* value, bool lanes = false);
  void set_lanes(const Lanes& lanes) { lanes_ = lanes; }
  void set_value(uint32_t value, Val made) { values_[value] = std::move(made); }
  // Emits passes first, first + 1, ... in order. Where lanes run over an outer range or there are none, inner loops are
  // scalar; else (Schedule::kInner) each pass's lanes run over its own inner points.
  void emit_passes(size_t first);
  // All passes of a kernel that reduces_columns, for the points [first, end) of `range`, which lanes run over; `first`
  // is a multiple of their width.
  void emit_columns(uint32_t range, llvm::Value* first, llvm::Value* end);

  [[nodiscard]] llvm::Value* number(Dim dim);
  // Lanes whose point, `first` + lane, lies before `end`.
  [[nodiscard]] llvm::Value* lane_mask(llvm::Value* first, llvm::Value* end, unsigned width = kLanes);
  [[nodiscard]] llvm::Value* iota(unsigned width);

 private:
  // Where an access's elements are; exactly one form.
  struct Place {
    // One element for all lanes; one a copy; width elements from a pointer a copy on; a vector of pointers a copy.
    enum class Form { kUniform, kSplat, kContiguous, kGather } form = Form::kUniform;
    Values pointers;
    int level = 0;
    DType dtype = kFloat32;
  };

  // address.cc
  Affine affine(const loops::Index& index);
  void add_atom(Affine& sum, const loops::Term& term);
  void add_division(Affine& sum, const loops::Term& term);
  void add_scaled(Affine& sum, const Affine& part, llvm::Value* factor);
  bool starts_at_multiple(const loops::Index& index, int64_t of) const;
  llvm::Value* scalar_sum(const Affine& sum);
  llvm::Value* lane_vector(const Affine& sum, unsigned copy);
  Place place(uint32_t buffer, const loops::Index& index);

  // memory.cc
  Val load(const loops::Inst& inst);
  void store(const loops::Inst& inst);
  void accumulate(const loops::Inst& inst);
  llvm::Value* load_at(const Place& place, unsigned copy, llvm::Value* mask);
  void store_at(const Place& place, unsigned copy, llvm::Value* value, llvm::Value* mask);
  llvm::Value* mask_of(const loops::Inst& inst, unsigned copy);
  llvm::Value* safe_pointer(llvm::Value* pointer, llvm::Value* condition);
  llvm::Value* pointer_or_sink(llvm::Value* pointer, llvm::Value* condition);
  bool is_written(uint32_t buffer) const;

  // instructions.cc
  void emit_inst(uint32_t value, const loops::Inst& inst);
  Val apply(const ir::ExprGraph& graph, llvm::ArrayRef<const Val*> operands);
  Val check_index(uint32_t value, const loops::Inst& inst);
  Val index_value(const loops::Inst& inst);
  llvm::Value* in_lanes(const Val& value, unsigned copy);
  llvm::Type* shape_of(DType dtype, bool varying);

  // pass.cc
  void emit_pass(size_t pass);
  void emit_insts(size_t pass);
  void emit_map(size_t pass);
  void emit_vector_map(size_t pass);
  void bind_linear(size_t pass, llvm::Value* linear, bool lanes);
  llvm::Value* inner_count(size_t pass);
  unsigned copies_for(size_t pass, std::optional<int64_t> count) const;

  // lane_reduction.cc: lanes over the inner points; point_reduction.cc: all inner points in one lane.
  void emit_lane_reduction(size_t pass);
  void emit_point_reduction(size_t pass);
  void emit_straight_reduction(size_t pass, int64_t count);
  struct Reduction {
    uint32_t value;
    const loops::Inst* inst;
    Fold fold;
    bool varying;  // the result differs between lanes (point reductions)
  };
  std::vector<Reduction> reductions_of(size_t pass);
  bool varies(size_t pass, uint32_t value, std::vector<int>& known_values) const;
  Values elements_of(const Reduction& reduction, unsigned copy, bool vector);

  Nest& nest_;
  const loops::Kernel& kernel_;
  const KernelArguments& arguments_;
  Lanes lanes_;
  std::vector<Affine> ranges_;
  std::vector<Val> values_;
  llvm::Value *zero_slot_ = nullptr, *sink_slot_ = nullptr;
};

}  // namespace sinter::codegen::cpu
