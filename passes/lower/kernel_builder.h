// Grows one kernel by pulling graph values at coordinates. What a value costs is paid once per pass where its
// coordinates vary inside the pass, once per outer point where they do not.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "passes/lower/coordinates.h"
#include "passes/lower/lower.h"

namespace sinter::passes {

class KernelBuilder {
 public:
  KernelBuilder(const LowerContext& context, const Cluster& cluster);

  // Ranges. A dimension of size 1 gets no range: its index is 0.
  [[nodiscard]] loops::Index add_outer_range(Dim extent);
  // Starts a pass with these inner ranges; what does not depend on them goes before it.
  [[nodiscard]] std::vector<loops::Index> open_pass(const std::vector<Dim>& inner);
  // Ends the pass: from now on values belong to the outer point alone.
  void close_pass();

  // The instruction that computes the value there. After a failure any number.
  uint32_t pull(ir::Value value, const Coordinates& at);
  // The same where it is one load at a sum of ranges, in the open pass and shared with nothing else; null where not.
  [[nodiscard]] std::optional<uint32_t> pull_plain(ir::Value value, const Coordinates& at);
  // Appends an instruction of the builder's caller: reductions, dots, stores. Its place follows from what it depends
  // on, unless `inner` puts it into the open pass.
  uint32_t emit(loops::Inst inst, bool inner);
  // From now on `value` is this instruction, available at exactly these coordinates.
  void define(ir::Value value, const Coordinates& at, uint32_t id);
  void store(ir::Value value, const Coordinates& at);
  // Number of the buffer that holds the value; added on first use. Outputs get theirs by store.
  [[nodiscard]] uint32_t buffer(ir::Value value, loops::Buffer::Role role);
  [[nodiscard]] std::vector<Dim> strides(ir::Value value);
  [[nodiscard]] uint32_t apply(std::string_view row, DType dtype, std::vector<uint32_t> operands);
  [[nodiscard]] uint32_t checked_index(uint32_t value, Dim extent, const ir::Op& op);

  // In a kernel of outer ranges alone: whether some arithmetic does not vary along the last of at least two ranges.
  [[nodiscard]] bool computes_more_than_needed() const;

  void fail(std::string reason);
  [[nodiscard]] bool failed() const { return !reason_.empty(); }
  [[nodiscard]] const std::string& reason() const { return reason_; }
  [[nodiscard]] LoweredKernel finish(std::string name) &&;

 private:
  struct Draft {
    std::vector<Dim> inner;
    std::vector<uint32_t> ids;
  };
  struct Known {
    Coordinates at;
    int32_t guard;
    uint32_t id;
  };
  using Memo = std::map<ir::Value, std::vector<Known>>;

  uint32_t compute(ir::Value value, const Coordinates& at);
  uint32_t load(ir::Value value, const Coordinates& at);
  uint32_t constant(const ir::Literal& literal, DType dtype);
  uint32_t pull_view(ir::Value value, const Coordinates& at);
  uint32_t pull_pad(const ir::Op& op, const Coordinates& at);
  uint32_t pull_concat(ir::Value value, const Coordinates& at);
  uint32_t pull_gather(const ir::Op& op, const Coordinates& at);
  uint32_t index_value(loops::Index index);
  uint32_t guarded_pull(ir::Value value, const Coordinates& at, uint32_t guard);
  uint32_t in_range(const loops::Index& index, int64_t low, int64_t high);
  [[nodiscard]] bool is_inner(const loops::Index& index) const;
  [[nodiscard]] Dim product(const std::vector<Dim>& dims);
  [[nodiscard]] bool member(uint32_t op) const;
  [[nodiscard]] bool makes(ir::Value value) const;  // computes it, rather than loading it

  const LowerContext* context_;
  const ir::Graph* graph_;
  const Cluster* cluster_;
  loops::Kernel kernel_;
  std::vector<ir::Value> values_;  // of buffers
  std::map<std::pair<ir::Value, bool>, uint32_t> buffers_;
  std::vector<std::vector<Dim>> products_;
  std::vector<loops::Inst> insts_;
  std::map<uint32_t, Check> checks_;  // by instruction
  std::vector<bool> inner_;           // whether an instruction belongs to an inner pass
  std::vector<Draft> drafts_;
  size_t open_ = 0;  // draft of the open pass; 0: none
  Extents extents_;
  Memo outer_memo_, inner_memo_;
  std::map<ir::Value, Known> defined_;
  int32_t guard_ = -1;
  int depth_ = 0;
  bool inside_ = false;  // in pull_plain
  std::string reason_;
};

}  // namespace sinter::passes
