// Writes what happens at one outer point: instructions, addresses, names. Skeletons around it (map_kernel,
// group_kernel, split_kernel, tile_kernel) say which thread has which point.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "codegen/cuda/kernel_source.h"
#include "codegen/cuda/writer.h"

namespace sinter::codegen::cuda {

class PointWriter {
 public:
  PointWriter(const loops::Kernel& kernel, KernelSource& source, const EmitOptions& options);

  Writer out;
  std::vector<std::string> ranges;  // text of each range, outer ones and the current pass's
  std::vector<std::string> values;  // text of each value

  [[nodiscard]] const loops::Kernel& kernel() const { return kernel_; }
  [[nodiscard]] Spelling spelling() const { return {.helpers = source_.helpers, .flush = options_.flush}; }
  [[nodiscard]] Helpers& helpers() const { return source_.helpers; }
  // The type of addresses and ranges: int where everything fits.
  [[nodiscard]] bool wide() const { return wide_; }
  [[nodiscard]] std::string_view index_type() const { return wide_ ? "long long" : "int"; }
  // A dimension; the product of dimensions (1 of none); ceil(dim / by).
  [[nodiscard]] std::string number(Dim dim) const;
  [[nodiscard]] std::string product(const std::vector<Dim>& dims) const;
  [[nodiscard]] std::string ceil_div(Dim dim, int64_t by) const;
  // An address in the index type; as an i64 value when `as_value`.
  [[nodiscard]] std::string index(const loops::Index& index, bool as_value = false) const;
  [[nodiscard]] std::string element(const loops::Inst& inst) const;  // "b0[...]"

  // extern "C" __global__ ... {, the gate, and the entry in the source's list.
  void begin_entry(const std::string& symbol, int threads, size_t shared_bytes,
                   std::vector<runtime::KernelCode::Factor> blocks, int64_t max_blocks);
  void end_entry();

  // Declares ranges, given their extents and the name of their linear (row-major) point. Of no ranges: nothing.
  void split(const std::string& linear, std::span<const uint32_t> ids, std::span<const Dim> extents);
  // The first `count` outer ranges; all inner ranges of a pass.
  void split_outer(const std::string& linear, size_t count);
  void split_inner(const std::string& linear, size_t pass);
  // Any instruction but stores, accumulations and reductions, as a constant named v<number>.
  void define(uint32_t value);
  // A store, under its guard and, where not empty, under `condition`.
  void store(uint32_t value, const std::string& condition);
  void accumulate(uint32_t value, const std::string& condition);
  // The user's lines, once for neighbours that share them.
  void comment(const loops::Inst& inst);

 private:
  [[nodiscard]] std::string atom(const loops::Atom& atom, bool as_value) const;
  [[nodiscard]] std::string code(uint32_t value);
  [[nodiscard]] std::string guard(const loops::Inst& inst) const;

  const loops::Kernel& kernel_;
  KernelSource& source_;
  const EmitOptions& options_;
  bool wide_;
  std::string last_comment_;
};

// Blocks of a grid: `points` outer points, each block taking `per_block` at a time.
[[nodiscard]] std::vector<runtime::KernelCode::Factor> grid(const std::vector<Dim>& outer, int64_t per_block);

[[nodiscard]] bool is_reduction(const loops::Inst& inst);
[[nodiscard]] bool is_store(const loops::Inst& inst);  // kAccumulate, too

}  // namespace sinter::codegen::cuda
