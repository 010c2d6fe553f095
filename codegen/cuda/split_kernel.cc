// Few outer points with very many inner points. First entry: groups of 16 threads fold blocks of order R, anywhere in
// the grid, and leave the blocks' values in scratch memory. Second entry: 16 threads a point fold those, and go on.
#include <algorithm>

#include "codegen/cuda/fold.h"
#include "codegen/cuda/serial_pass.h"
#include "codegen/cuda/skeletons.h"
#include "ir/loops/walk.h"
#include "ir/scalar/order.h"

namespace sinter::codegen::cuda {

using loops::Inst;
using loops::Kernel;

namespace {

constexpr int64_t kMaxBlocks = 4096;
using ir::kOrderBlock;

class SplitKernel {
 public:
  explicit SplitKernel(PointWriter& writer)
      : writer_(writer), out_(writer.out), kernel_(writer.kernel()), folds_(folds_of(writer, 0)) {
    count_ = writer.product(kernel_.passes[0].inner);
    points_ = writer.product(kernel_.outer);
    type_ = writer.index_type();
    columns_ = kernel_.schedule.vector >= 0;
  }

  void write(const std::string& symbol, std::vector<runtime::KernelCode::Factor>& scratch) {
    invariant(!folds_.empty(), "there is something to fold");
    int64_t slots = 0;
    for (const Fold& fold : folds_) slots += fold.is_argmax() ? 2 : 1;
    const auto points = loops::constant_points(kernel_.outer), inner = loops::constant_points(kernel_.passes[0].inner);
    if (points && inner)
      scratch = {{.extent = *points * ((*inner + kOrderBlock - 1) / kOrderBlock)}};
    else
      scratch = grid(blocks_dims(), kOrderBlock);  // as much or more
    scratch.push_back({.extent = 8 * slots});
    write_blocks(symbol);
    write_rest(symbol + "_rest");
  }

 private:
  [[nodiscard]] std::vector<Dim> blocks_dims() const {
    std::vector<Dim> dims = kernel_.outer;
    dims.insert(dims.end(), kernel_.passes[0].inner.begin(), kernel_.passes[0].inner.end());
    return dims;
  }

  // Accumulators in scratch, 8 bytes each: for each reduction, point and block of order R.
  void declare_slots() {
    const std::string cast = writer_.wide() ? "" : "(long long)";
    out_.line("const {} blocks = ({} + {}) / {};", type_, count_, kOrderBlock - 1, kOrderBlock);
    int64_t slot = 0;
    for (const Fold& fold : folds_) {
      const auto declare = [&](std::string_view element, std::string_view suffix) {
        out_.line("{0}* const part{1}{2} = ({0}*)(scratch + {3}*{4}*blocks * 8);", element, fold.value(), suffix,
                  slot++, cast + points_);
      };
      declare(type_name(fold.dtype()), "");
      if (fold.is_argmax()) declare("long long", "_at");
    }
  }

  // A group of 16 threads folds a block of order R of a point; or a block of 16 x 32 threads does for 32 neighbouring
  // points.
  void write_blocks(const std::string& symbol) {
    const int threads = kernel_.schedule.threads;
    const std::string cast = writer_.wide() ? "(long long)" : "(int)";
    if (columns_) {
      invariant(threads == 512, "16 lanes of 32 points");
      auto blocks = grid(kernel_.outer, 32);
      for (const auto& factor : grid(kernel_.passes[0].inner, kOrderBlock)) blocks.push_back(factor);
      writer_.begin_entry(symbol, threads, Fold::kColumnBytes, std::move(blocks), kMaxBlocks);
    } else {
      writer_.begin_entry(symbol, threads, 0, grid(blocks_dims(), kOrderBlock * (threads / 16)), kMaxBlocks);
    }
    declare_slots();
    out_.line("const unsigned mask = 0xffffu << (threadIdx.x & 16);");
    if (columns_) {
      out_.line("const int lane = threadIdx.x >> 5;");
      out_.open("for ({0} share = {1}blockIdx.x; share < ({2} + 31) / 32 * blocks; share += {1}gridDim.x) {{", type_,
                cast, points_);
      out_.line("const {} first = share / blocks * 32;", type_);
      out_.line("const bool inside = first + (threadIdx.x & 31) < {};", points_);
      out_.line("const {} point = inside ? first + (threadIdx.x & 31) : {} - 1;", type_, points_);
    } else {
      out_.line("const int lane = threadIdx.x & 15;");
      out_.open(
          "for ({0} share = {1}blockIdx.x * {2} + (threadIdx.x >> 4); share < {3}*blocks; share += {1}gridDim.x * "
          "{2}) {{",
          type_, cast, threads / 16, points_);
      out_.line("const {} point = share / blocks;", type_);
    }
    out_.line("const {} block = share % blocks, start = block * {};", type_, kOrderBlock);
    out_.line("const {0} end = start + {1} < {2} ? start + {1} : {2};", type_, kOrderBlock, count_);
    writer_.split_outer("point", kernel_.outer.size());
    for (const Fold& fold : folds_) fold.declare(accumulator(fold));
    out_.open("for ({} at = start + lane; {}at < end; at += 16) {{", type_, columns_ ? "inside && " : "");
    writer_.split_inner("at", 0);
    size_t next_fold = 0;
    uint32_t value = 0;
    for (const Inst& inst : kernel_.passes[0].insts) {
      if (is_reduction(inst)) {
        const Fold& fold = folds_[next_fold++];
        fold.add(accumulator(fold));
      } else if (inst.kind == loops::InstKind::kStore) {
        writer_.store(value, "");
      } else {
        writer_.define(value);
      }
      ++value;
    }
    out_.close();
    for (const Fold& fold : folds_) columns_ ? fold.join_columns(accumulator(fold)) : fold.join_row(accumulator(fold));
    out_.open("if ({}lane == 0) {{", columns_ ? "inside && " : "");
    for (const Fold& fold : folds_) {
      out_.line("part{0}[point*blocks + block] = {1};", fold.value(), accumulator(fold));
      if (fold.is_argmax()) out_.line("part{0}_at[point*blocks + block] = {1}_at;", fold.value(), accumulator(fold));
    }
    out_.close();
    out_.close();
    writer_.end_entry();
  }

  // Each thread folds its lane of the second level; all 16 know the result; one goes through the other passes.
  void write_rest(const std::string& symbol) {
    constexpr int kThreads = 32;
    writer_.begin_entry(symbol, kThreads, 0, kernel_.outer.empty() ? grid({1}, 1) : grid(kernel_.outer, kThreads / 16),
                        kMaxBlocks);
    declare_slots();
    const std::string cast = writer_.wide() ? "(long long)" : "(int)";
    out_.line("const unsigned mask = 0xffffu << (threadIdx.x & 16);");
    out_.line("const int lane = threadIdx.x & 15;");
    out_.open("for ({0} point = {1}blockIdx.x * {2} + (threadIdx.x >> 4); point < {3}; point += {1}gridDim.x * {2}) {{",
              type_, cast, kThreads / 16, points_);
    for (const Fold& fold : folds_) fold.declare(result(fold));
    out_.line("#pragma unroll 8");
    out_.open("for ({} block = lane; block < blocks; block += 16) {{", type_);
    for (const Fold& fold : folds_) {
      out_.line("const {0} {1} = part{2}[point*blocks + block];", type_name(fold.dtype()), accumulator(fold),
                fold.value());
      if (fold.is_argmax())
        out_.line("const long long {0}_at = part{1}_at[point*blocks + block];", accumulator(fold), fold.value());
      fold.join(result(fold), accumulator(fold));
    }
    out_.close();
    for (const Fold& fold : folds_) {
      fold.join_row(result(fold));
      fold.finish(result(fold));
    }
    out_.open("if (lane == 0) {{");
    writer_.split_outer("point", kernel_.outer.size());
    for (size_t pass = 1; pass < kernel_.passes.size(); ++pass) write_serial_pass(writer_, pass);
    out_.close();
    out_.close();
    writer_.end_entry();
  }

  [[nodiscard]] static std::string accumulator(const Fold& fold) { return fmt::format("lane{}", fold.value()); }
  [[nodiscard]] static std::string result(const Fold& fold) { return fmt::format("v{}", fold.value()); }

  PointWriter& writer_;
  Writer& out_;
  const Kernel& kernel_;
  std::vector<Fold> folds_;
  std::string count_, points_;
  std::string_view type_;
  bool columns_ = false;  // neighbouring points lie side by side in memory
};

}  // namespace

void write_split_kernel(PointWriter& writer, const std::string& symbol,
                        std::vector<runtime::KernelCode::Factor>& scratch) {
  SplitKernel(writer).write(symbol, scratch);
}

}  // namespace sinter::codegen::cuda
