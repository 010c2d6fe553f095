// Dots: a block makes a tile of the result. Tiles of both operands pass through shared memory, `block_k` deep; each
// thread has thread_rows x thread_columns accumulators in registers and finishes them with the kernel's other passes.
#include <algorithm>

#include "codegen/cuda/fold.h"
#include "codegen/cuda/helpers.h"
#include "codegen/cuda/neighbours.h"
#include "codegen/cuda/serial_pass.h"
#include "codegen/cuda/skeletons.h"
#include "ir/loops/dot_ranges.h"
#include "ir/loops/walk.h"

namespace sinter::codegen::cuda {

using loops::Inst;
using loops::Kernel;

namespace {

constexpr int64_t kMaxBlocks = 1 << 16;

// One operand's way from memory to registers.
struct Operand {
  const Inst* load = nullptr;
  char name = 'a';            // of its tile and registers
  std::string lines;          // text: how many lines it has (rows or columns of the result)
  std::string first;          // text: the tile's first line
  std::vector<uint32_t> ids;  // its ranges among the outer ones
  int tile = 0, per_thread = 0;
  bool along_depth = false;  // memory runs along the depth
  bool whole = false;        // tiles never stick out
  [[nodiscard]] int group() const { return std::min(4, per_thread); }
  [[nodiscard]] int threads() const { return tile / per_thread; }
  // Elements of a step in depth, in shared memory: neighbours in depth, which neighbouring threads put there, shall not
  // meet in one bank; vectors stay aligned.
  [[nodiscard]] int stride() const { return along_depth ? tile + (group() == 1 ? 1 : 4) : tile; }
};

class TileKernel {
 public:
  TileKernel(PointWriter& writer, const loops::DotRanges& ranges)
      : writer_(writer), out_(writer.out), kernel_(writer.kernel()), schedule_(kernel_.schedule), ranges_(ranges) {
    const auto& insts = kernel_.passes[0].insts;
    dtype_ = insts[2].dtype;
    rows_ = operand(insts[ranges.rows_load], 'a', ranges.rows, schedule_.tile_rows, schedule_.thread_rows);
    columns_ =
        operand(insts[1 - ranges.rows_load], 'b', ranges.columns, schedule_.tile_columns, schedule_.thread_columns);
    rows_.first = "first_row";
    columns_.first = "first_column";
    const auto depth = loops::constant_points(kernel_.passes[0].inner);
    whole_depth_ = depth && *depth % schedule_.block_k == 0;
    depth_ = writer.product(kernel_.passes[0].inner);
  }

  void write(const std::string& symbol) {
    const size_t shared =
        static_cast<size_t>(schedule_.block_k * (rows_.stride() + columns_.stride())) * size_of(dtype_);
    writer_.begin_entry(symbol, schedule_.threads, shared, blocks(), kMaxBlocks);
    const std::string_view type = writer_.index_type(), element = type_name(dtype_);
    const char* cast = writer_.wide() ? "(long long)" : "(int)";
    out_.line("{0}* const a_tile = ({0}*)sinter_shared;", element);
    out_.line("{}* const b_tile = a_tile + {};", element, schedule_.block_k * rows_.stride());
    out_.line("const int tx = threadIdx.x % {0}, ty = threadIdx.x / {0};", columns_.threads());
    out_.line("const {} row_tiles = {}, column_tiles = {};", type, tiles(rows_), tiles(columns_));
    const std::string batch = ranges_.batch.empty() ? "" : "*" + writer_.product(dims(ranges_.batch));
    out_.open("for ({0} tile = {1}blockIdx.x; tile < row_tiles*column_tiles{2}; tile += {1}gridDim.x) {{", type, cast,
              batch);
    out_.line("const {} first_row = tile / column_tiles % row_tiles * {};", type, rows_.tile);
    out_.line("const {} first_column = tile % column_tiles * {};", type, columns_.tile);
    if (!ranges_.batch.empty()) {
      out_.line("const {} batch = tile / (row_tiles*column_tiles);", type);
      writer_.split("batch", ranges_.batch, dims(ranges_.batch));
    }
    accumulate();
    finish();
    out_.close();
    writer_.end_entry();
  }

 private:
  [[nodiscard]] std::vector<Dim> dims(const std::vector<uint32_t>& ids) const {
    std::vector<Dim> found;
    for (const uint32_t id : ids) found.push_back(kernel_.outer[id]);
    return found;
  }

  Operand operand(const Inst& load, char name, const std::vector<uint32_t>& ids, int tile, int per_thread) const {
    const auto last = static_cast<uint32_t>(kernel_.outer.size() + kernel_.passes[0].inner.size()) - 1;
    const auto lines = loops::constant_points(dims(ids));
    return {.load = &load,
            .name = name,
            .lines = writer_.product(dims(ids)),
            .ids = ids,
            .tile = tile,
            .per_thread = per_thread,
            .along_depth = loops::walk(load.index, last, 1) == loops::Walk::kOneByOne,
            .whole = lines && *lines > 0 && *lines % tile == 0};
  }

  [[nodiscard]] std::string tiles(const Operand& operand) const {
    if (const auto lines = loops::constant_points(dims(operand.ids)))
      return std::to_string(
          std::max<int64_t>(1, (*lines + operand.tile - 1) / operand.tile));  // none is never launched
    return fmt::format("({} + {}) / {}", operand.lines, operand.tile - 1, operand.tile);
  }

  [[nodiscard]] std::vector<runtime::KernelCode::Factor> blocks() const {
    std::vector<runtime::KernelCode::Factor> factors;
    const auto add = [&](const std::vector<uint32_t>& ids, int64_t per_block) {
      if (ids.empty()) return;
      for (const auto& factor : grid(dims(ids), per_block)) factors.push_back(factor);
    };
    add(ranges_.batch, 1);
    add(rows_.ids, rows_.tile);
    add(columns_.ids, columns_.tile);
    if (factors.empty()) factors.push_back({.extent = 1});
    return factors;
  }

  // Elements of an operand's tile that one thread moves.
  [[nodiscard]] int moved(const Operand& operand) const {
    return (operand.tile * schedule_.block_k + schedule_.threads - 1) / schedule_.threads;
  }
  // Where the e-th of them lies in the tile: {line, depth}.
  [[nodiscard]] std::pair<std::string, std::string> place(const Operand& operand) const {
    const int across = operand.along_depth ? schedule_.block_k : operand.tile;
    const std::string fast = across == 1 ? "0" : fmt::format("(at % {})", across),
                      slow = fmt::format("at / {}", across);
    return operand.along_depth ? std::pair(slow, fast) : std::pair(fast, "(" + slow + ")");
  }
  void open_moves(const Operand& operand) {
    out_.line("#pragma unroll");
    out_.open("for (int e = 0; e < {}; ++e) {{", moved(operand));
    out_.line("const int at = threadIdx.x + e * {};", schedule_.threads);
    if (operand.tile * schedule_.block_k % schedule_.threads != 0)
      out_.line("if (at >= {}) break;", operand.tile * schedule_.block_k);
  }

  // The next tile's elements into registers: they are on their way while this one is worked on.
  void fetch(const Operand& operand) {
    const auto [line, depth] = place(operand);
    const std::string_view type = writer_.index_type();
    open_moves(operand);
    out_.line("const {} line = {} + {};", type, operand.first, line);
    out_.line("const {} depth = k0 + {};", type, depth);
    writer_.split("line", operand.ids, dims(operand.ids));
    writer_.split_inner("depth", 0);
    std::string inside;
    if (!operand.whole) inside = fmt::format("line < {}", operand.lines);
    if (!whole_depth_) inside += fmt::format("{}depth < {}", inside.empty() ? "" : " && ", depth_);
    const std::string loaded = writer_.spelling().loaded(dtype_, writer_.element(*operand.load));
    out_.line("{}_next[e] = {};", operand.name,
              inside.empty() ? loaded : fmt::format("{} ? {} : {}", inside, loaded, literal(dtype_, 0)));
    out_.close();
  }
  void put(const Operand& operand) {
    const auto [line, depth] = place(operand);
    open_moves(operand);
    out_.line("{0}_tile[{1} * {2} + {3}] = {0}_next[e];", operand.name, depth, operand.stride(), line);
    out_.close();
  }
  // This thread's lines of the tile at depth k: groups of neighbours.
  void take(const Operand& operand, const char* thread) {
    const int group = operand.group();
    for (int first = 0; first < operand.per_thread; first += group) {
      const int offset = first * operand.threads();
      const std::string at = fmt::format("{}_tile + k * {} + {}{}{}", operand.name, operand.stride(),
                                         group == 1 ? "" : fmt::format("{}*", group), thread,
                                         offset == 0 ? "" : fmt::format(" + {}", offset));
      if (group == 1)
        out_.line("{}[{}] = *({});", operand.name, first, at);
      else
        out_.line("{}({} + {}, {});", load_helper(writer_.helpers(), dtype_, group, Vector::kWhole), operand.name,
                  first, at);
    }
  }

  void accumulate() {
    const std::string_view element = type_name(dtype_), type = writer_.index_type();
    out_.line("{} sum[{}][{}] = {{}};", element, rows_.per_thread, columns_.per_thread);
    out_.line("{} a_next[{}], b_next[{}];", element, moved(rows_), moved(columns_));
    out_.open("for ({} k0 = 0;; k0 += {}) {{", type, schedule_.block_k);
    out_.open("if (k0 < {}) {{", depth_);
    fetch(rows_);
    fetch(columns_);
    out_.close();
    out_.open("if (k0 > 0) {{");
    if (whole_depth_) {
      out_.line("#pragma unroll");
      out_.open("for (int k = 0; k < {}; ++k) {{", schedule_.block_k);
    } else {
      out_.line("const int left = k0 <= {0} ? {1} : (int)({0} - k0) + {1};", depth_, schedule_.block_k);
      out_.line("#pragma unroll {}", std::min(8, schedule_.block_k));
      out_.open("for (int k = 0; k < left; ++k) {{");
    }
    out_.line("{} a[{}], b[{}];", element, rows_.per_thread, columns_.per_thread);
    take(rows_, "ty");
    take(columns_, "tx");
    out_.line("#pragma unroll");
    out_.open("for (int i = 0; i < {}; ++i) {{", rows_.per_thread);
    out_.line("#pragma unroll");
    out_.open("for (int j = 0; j < {}; ++j) {{", columns_.per_thread);
    Fold fold(writer_, 2);
    writer_.values[ranges_.rows_load] = "a[i]";
    writer_.values[1 - ranges_.rows_load] = "b[j]";
    fold.add("sum[i][j]");
    out_.close();
    out_.close();
    out_.close();
    out_.close();
    out_.line("if (k0 >= {}) break;", depth_);
    out_.line("__syncthreads();");
    put(rows_);
    put(columns_);
    out_.line("__syncthreads();");
    out_.close();
  }

  // The other passes, for each of the thread's sums.
  void finish() {
    const std::string_view type = writer_.index_type();
    const int group = columns_.group();
    out_.line("#pragma unroll");
    out_.open("for (int i = 0; i < {}; ++i) {{", rows_.per_thread);
    out_.line("const {} row = first_row + {};", type, line_of(rows_, "ty", "i"));
    if (!rows_.whole) out_.line("if (row >= {}) continue;", rows_.lines);
    writer_.split("row", rows_.ids, dims(rows_.ids));
    const bool vector = group > 1 && kernel_.schedule.vector >= 0;
    out_.line("#pragma unroll");
    out_.open("for (int j = 0; j < {}; j += {}) {{", columns_.per_thread, vector ? group : 1);
    out_.line("const {} column = first_column + {};", type, line_of(columns_, "tx", "j"));
    if (!columns_.whole) out_.line("if (column >= {}) continue;", columns_.lines);
    writer_.split("column", columns_.ids, dims(columns_.ids));
    if (vector) {
      Neighbours neighbours{.range = columns_.ids[0], .width = group};
      const auto lines = loops::constant_points(dims(columns_.ids));
      if (!lines || *lines % group != 0) {
        neighbours.count = "count";
        out_.line("const int count = {0} - column < {1} ? (int)({0} - column) : {1};", columns_.lines, group);
      }
      writer_.values[2] = "sum[i][j + u]";
      write_neighbours(writer_, neighbours, 1);
    } else {
      writer_.values[2] = "sum[i][j]";
      for (size_t pass = 1; pass < kernel_.passes.size(); ++pass) write_serial_pass(writer_, pass);
    }
    out_.close();
    out_.close();
  }

  // The tile's line that a thread's `index`-th sum belongs to.
  [[nodiscard]] static std::string line_of(const Operand& operand, std::string_view thread, std::string_view index) {
    const int group = operand.group();
    if (operand.per_thread == 1) return std::string(thread);
    if (operand.per_thread == group) return fmt::format("{}*{} + {}", group, thread, index);
    return fmt::format("{0}*{1} + {2} % {0} + {2} / {0} * {3}", group, thread, index, group * operand.threads());
  }

  PointWriter& writer_;
  Writer& out_;
  const Kernel& kernel_;
  const loops::Schedule& schedule_;
  const loops::DotRanges& ranges_;
  DType dtype_ = kFloat32;
  Operand rows_, columns_;
  std::string depth_;
  bool whole_depth_ = false;
};

}  // namespace

void write_tile_kernel(PointWriter& writer, const std::string& symbol) {
  const auto ranges = loops::dot_ranges(writer.kernel());
  invariant(ranges.has_value(), "tiles are for dots whose ranges are rows, columns or batch");
  TileKernel(writer, *ranges).write(symbol);
}

}  // namespace sinter::codegen::cuda
