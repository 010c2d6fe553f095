// A group of threads an outer point: the 16 lanes of order R, neighbouring threads (kRow) or one in each warp of a
// block whose warps run along neighbouring points (kColumn); or a whole block, 16 groups of 16 lanes (kBlock).
#include <algorithm>
#include <set>

#include "codegen/cuda/fold.h"
#include "codegen/cuda/serial_pass.h"
#include "codegen/cuda/skeletons.h"
#include "ir/loops/walk.h"
#include "ir/scalar/order.h"

namespace sinter::codegen::cuda {

using loops::Inst;
using loops::InstKind;
using loops::Kernel;
using loops::Pass;
using Mapping = loops::Schedule::Mapping;

namespace {

constexpr int64_t kMaxBlocks = 1 << 16;
using ir::kOrderBlock;

class GroupKernel {
 public:
  explicit GroupKernel(PointWriter& writer)
      : writer_(writer), out_(writer.out), kernel_(writer.kernel()), mapping_(kernel_.schedule.mapping) {}

  void write(const std::string& symbol) {
    const int threads = kernel_.schedule.threads;
    const std::string points = writer_.product(kernel_.outer);
    const int64_t at_once = mapping_ == Mapping::kRow ? threads / 16 : mapping_ == Mapping::kColumn ? 32 : 1;
    invariant(mapping_ == Mapping::kRow || threads == (mapping_ == Mapping::kBlock ? 256 : 512),
              "16 groups of 16 threads, or 16 warps");
    const size_t shared = mapping_ == Mapping::kBlock    ? Fold::kBlockBytes
                          : mapping_ == Mapping::kColumn ? Fold::kColumnBytes
                                                         : 0;
    auto blocks = kernel_.outer.empty() ? grid({1}, 1) : grid(kernel_.outer, at_once);
    writer_.begin_entry(symbol, threads, has_order_free_join() ? shared : 0, std::move(blocks), kMaxBlocks);
    const std::string_view type = writer_.index_type();
    const std::string cast = writer_.wide() ? "(long long)" : "(int)";
    out_.line("const unsigned mask = 0xffffu << (threadIdx.x & 16);");
    switch (mapping_) {
      case Mapping::kRow:
        out_.line("const int lane = threadIdx.x & 15;");
        out_.open(
            "for ({0} point = {1}blockIdx.x * {2} + (threadIdx.x >> 4); point < {3}; point += {1}gridDim.x * {2}) {{",
            type, cast, at_once, points);
        only_one_ = "lane == 0";
        break;
      case Mapping::kColumn:
        out_.line("const int lane = threadIdx.x >> 5;");
        out_.open("for ({0} first = {1}blockIdx.x * 32; first < {2}; first += {1}gridDim.x * 32) {{", type, cast,
                  points);
        out_.line("const bool inside = first + (threadIdx.x & 31) < {};", points);
        out_.line("const {} point = inside ? first + (threadIdx.x & 31) : {} - 1;", type, points);
        only_one_ = "inside && lane == 0";
        inside_ = "inside && ";
        break;
      default:
        out_.line("const int lane = threadIdx.x & 15, group = threadIdx.x >> 4;");
        out_.open("for ({0} point = {1}blockIdx.x; point < {2}; point += {1}gridDim.x) {{", type, cast, points);
        only_one_ = "threadIdx.x == 0";
        break;
    }
    writer_.split_outer("point", kernel_.outer.size());
    for (size_t pass = 0; pass < kernel_.passes.size(); ++pass) write_pass(pass);
    out_.close();
    writer_.end_entry();
  }

 private:
  [[nodiscard]] bool has_order_free_join() const {
    for (const Pass& pass : kernel_.passes)
      for (const Inst& inst : pass.insts)
        if (inst.kind == InstKind::kReduce || inst.kind == InstKind::kArgmax) return true;
    return false;
  }

  // What the threads of a point have done to memory since they last waited for each other.
  void barrier() {
    if (mapping_ == Mapping::kRow)
      out_.line("__syncwarp(mask);");
    else
      out_.line("__syncthreads();");
    read_ = false;
    written_.clear();
  }
  // Before a store or a load of that buffer: what other threads have still to read, or have written.
  void order(const Inst& inst) {
    if (is_store(inst) ? read_ || !written_.empty() : written_.contains(inst.buffer)) barrier();
  }
  void note(const Inst& inst) {
    if (inst.kind == InstKind::kLoad) read_ = true;
    if (is_store(inst)) written_.insert(inst.buffer);
  }

  void write_pass(size_t pass) {
    if (kernel_.passes[pass].inner.empty()) return write_single(pass);
    for (const Inst& inst : kernel_.passes[pass].insts) {
      if (inst.kind != InstKind::kLoad && !is_store(inst)) continue;
      order(inst);
    }
    const auto& insts = kernel_.passes[pass].insts;
    const bool accumulates =
        std::any_of(insts.begin(), insts.end(), [](const Inst& i) { return i.kind == InstKind::kAccumulate; });
    const std::vector<Fold> folds = folds_of(writer_, pass);
    const bool dots = std::any_of(folds.begin(), folds.end(), [](const Fold& fold) { return fold.is_dot(); });
    if (dots) {
      write_serial_pass(writer_, pass);  // by every thread: all need the value
      for (const Inst& inst : insts) note(inst);
      return;
    }
    if (accumulates) {  // in order, so by one thread; what else the pass does comes after it
      out_.open("if ({}) {{", only_one_);
      write_accumulations(writer_, pass);
      out_.close();
      const bool more = !folds.empty() || std::any_of(insts.begin(), insts.end(),
                                                      [](const Inst& i) { return i.kind == InstKind::kStore; });
      for (const Inst& inst : insts) note(inst);
      if (!more) return;
      barrier();
    }
    if (std::all_of(folds.begin(), folds.end(), [](const Fold& fold) { return fold.any_order(); })) {
      write_strided(pass, folds);
    } else {
      write_ordered(pass, folds);
    }
    for (const Inst& inst : insts) note(inst);
    if (!folds.empty() && mapping_ != Mapping::kRow) {  // joining them was a barrier
      read_ = false;
      written_.clear();
    }
  }

  // A pass without ranges: every thread has its values; one thread stores.
  void write_single(size_t pass) {
    const auto& insts = kernel_.passes[pass].insts;
    const uint32_t first = kernel_.first_value(pass), end = first + static_cast<uint32_t>(insts.size());
    if (!used_later(first, end) && std::any_of(insts.begin(), insts.end(), is_store)) {
      for (const Inst& inst : insts)
        if (inst.kind == InstKind::kLoad || is_store(inst)) order(inst);
      out_.open("if ({}) {{", only_one_);
      write_serial_pass(writer_, pass);
      out_.close();
      for (const Inst& inst : insts) note(inst);
      return;
    }
    for (uint32_t v = first; v < end; ++v) {
      const Inst& inst = insts[v - first];
      if (inst.kind == InstKind::kLoad || is_store(inst)) order(inst);
      if (inst.kind == InstKind::kStore)
        writer_.store(v, only_one_);
      else if (inst.kind == InstKind::kAccumulate)
        writer_.accumulate(v, only_one_);
      else
        writer_.define(v);
      note(inst);
    }
  }

  [[nodiscard]] bool used_later(uint32_t first, uint32_t end) const {
    const auto from_here = [&](uint32_t v) { return first <= v && v < end; };
    const auto in_index = [&](auto&& self, const loops::Index& index) -> bool {
      return std::any_of(index.terms.begin(), index.terms.end(), [&](const loops::Term& term) {
        return term.atom.of ? self(self, *term.atom.of)
                            : term.atom.kind == loops::Atom::Kind::kValue && from_here(term.atom.id);
      });
    };
    for (uint32_t v = end; v < kernel_.value_count(); ++v) {
      const Inst& inst = kernel_.inst(v);
      if (std::any_of(inst.operands.begin(), inst.operands.end(), from_here)) return true;
      if (inst.guard >= 0 && from_here(static_cast<uint32_t>(inst.guard))) return true;
      if (in_index(in_index, inst.index)) return true;
    }
    return false;
  }

  // One inner point of the linear index `at`.
  void write_point(size_t pass, const std::vector<Fold>& folds) {
    writer_.split_inner("at", pass);
    size_t next_fold = 0;
    uint32_t value = kernel_.first_value(pass);
    for (const Inst& inst : kernel_.passes[pass].insts) {
      if (is_reduction(inst))
        folds[next_fold].add(accumulator(folds[next_fold])), ++next_fold;
      else if (inst.kind == InstKind::kStore)
        writer_.store(value, "");
      else if (inst.kind != InstKind::kAccumulate)
        writer_.define(value);
      ++value;
    }
  }

  [[nodiscard]] static std::string accumulator(const Fold& fold) {
    return fmt::format("{}{}", fold.any_order() ? "v" : "lane", fold.value());
  }

  // No order to keep: the threads of the point take inner points in turn.
  void write_strided(size_t pass, const std::vector<Fold>& folds) {
    const bool block = mapping_ == Mapping::kBlock;
    for (const Fold& fold : folds) fold.declare(accumulator(fold));
    out_.open("for ({} at = {}; {}at < {}; at += {}) {{", writer_.index_type(), block ? "threadIdx.x" : "lane", inside_,
              writer_.product(kernel_.passes[pass].inner), block ? 256 : 16);
    write_point(pass, folds);
    out_.close();
    for (const Fold& fold : folds) {
      if (mapping_ != Mapping::kColumn) fold.join_row(accumulator(fold));
      join_groups(fold, accumulator(fold));
      fold.finish(accumulator(fold));
    }
  }

  void join_groups(const Fold& fold, const std::string& text) {
    if (mapping_ == Mapping::kBlock) fold.join_block(text);
    if (mapping_ == Mapping::kColumn) fold.join_columns(text);
  }

  // Order R.
  void write_ordered(size_t pass, const std::vector<Fold>& folds) {
    const std::vector<Dim>& inner = kernel_.passes[pass].inner;
    const auto points = loops::constant_points(inner);
    const std::string count = writer_.product(inner), type(writer_.index_type());
    const bool block = mapping_ == Mapping::kBlock;
    const bool one_block = !block && points && *points <= kOrderBlock;
    const auto result = [](const Fold& fold) { return fmt::format("v{}", fold.value()); };
    for (const Fold& fold : folds)
      if (fold.any_order() || !one_block) fold.declare(result(fold));
    std::string from = "lane", end = count;
    if (!one_block) {
      // In a kBlock group g takes order R's blocks g, g + 16, ...: what it folds is lane g of the second level.
      out_.open("for ({0} start = {1}; start < {2}; start += {3}) {{", type,
                block ? fmt::format("{}*group", kOrderBlock) : "0", count, block ? 16 * kOrderBlock : kOrderBlock);
      out_.line("const {0} end = start + {1} < {2} ? start + {1} : {2};", type, kOrderBlock, count);
      from = "start + lane";
      end = "end";
    }
    for (const Fold& fold : folds)
      if (!fold.any_order()) fold.declare(accumulator(fold));
    out_.open("for ({} at = {}; {}at < {}; at += 16) {{", type, from, inside_, end);
    write_point(pass, folds);
    out_.close();
    for (const Fold& fold : folds) {
      if (fold.any_order()) continue;
      mapping_ == Mapping::kColumn ? fold.join_columns(accumulator(fold)) : fold.join_row(accumulator(fold));
      if (one_block)
        fold.finish(accumulator(fold));
      else
        fold.join(result(fold), accumulator(fold), block ? "" : "(start >> 12 & 15) == lane");
    }
    if (!one_block) out_.close();
    for (const Fold& fold : folds) {
      if (one_block && !fold.any_order()) continue;
      if (mapping_ == Mapping::kRow || (block && fold.any_order())) fold.join_row(result(fold));
      join_groups(fold, result(fold));
      fold.finish(result(fold));
    }
  }

  PointWriter& writer_;
  Writer& out_;
  const Kernel& kernel_;
  Mapping mapping_;
  std::string only_one_, inside_;
  bool read_ = false;
  std::set<uint32_t> written_;
};

}  // namespace

void write_group_kernel(PointWriter& writer, const std::string& symbol) { GroupKernel(writer).write(symbol); }

}  // namespace sinter::codegen::cuda
