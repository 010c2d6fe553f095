// The kernel IR: what one fused kernel does, for both targets; schedules and emitters start from it.
//
// A kernel has buffers and a nest of `outer` ranges. For every point of the outer ranges, in any order and in parallel,
// its passes run one after another. A pass has `inner` ranges of its own (maybe none) and a straight line of
// instructions, which run for every inner point in row-major order. Values live inside their pass, except results of
// reductions (kReduce, kArgmax, kDot) and all values of passes without inner ranges: later passes of the same outer
// point see those.
//   softmax: outer i;     pass j: m = reduce max load x[i,j];  pass j: s = reduce sum exp(x - m);
//                         pass j: store exp(x - m) / s
//   dot:     outer i, j;  pass k: c = dot load a[i,k], load b[k,j];  pass: store relu(c + load bias[j])
// Different outer points never touch a location that any of them writes, nor do different inner points of one pass
// (kAccumulate apart: it may hit a location again). Inside a point, passes see earlier passes' stores. Ranges are
// numbered: the outer ones 0.., then the pass's inner ones. Reductions follow order R over the pass's linear inner
// index (docs/numerics.md); kDot folds in ascending inner order with fma.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ir/graph/combiner.h"
#include "ir/graph/row.h"
#include "support/dtype.h"
#include "support/location.h"
#include "support/shape.h"

namespace sinter::loops {

// An address or index: base + sum of coefficient * atom. Coefficients are constants or run-time symbols (strides);
// offsets known at run time only are atoms.
struct Index;
struct Atom {
  enum class Kind : uint8_t {
    kRange,   // id: range
    kValue,   // id: an i64 value of the kernel (gather)
    kSymbol,  // id: a run-time symbol, never negative (offset)
    kDiv,     // floor(*of / by), by > 0
    kMod,     // *of - floor(*of / by) * by
  };
  Kind kind = Kind::kRange;
  uint32_t id = 0;
  std::shared_ptr<const Index> of;
  Dim by = 1;
  bool operator==(const Atom& other) const;
};
struct Term {
  Dim coefficient = 1;
  Atom atom;
  bool operator==(const Term&) const = default;
};
struct Index {
  int64_t base = 0;
  std::vector<Term> terms{};
  bool operator==(const Index&) const = default;
  [[nodiscard]] static Index range(uint32_t id, Dim coefficient = 1);
  [[nodiscard]] static Index constant(int64_t base) { return {base, {}}; }
};
[[nodiscard]] Index operator+(Index a, const Index& b);  // equal atoms with constant coefficients are joined
[[nodiscard]] Index operator*(const Index& a, int64_t factor);

struct Buffer {
  enum class Role : uint8_t { kIn, kOut, kInOut };
  std::string name;
  DType dtype = kFloat32;
  Role role = Role::kIn;
  Dim size = 0;  // elements reachable; a symbol when only known at launch
};

// Where a run-time symbol gets its value is the launcher's business; a kernel only counts them: s0 .. s(n-1).

enum class InstKind : uint8_t {
  kConstant,    // bits
  kIndex,       // i64: the value of `index`
  kLoad,        // buffer[index]; with a guard operand: 0, and no access, where the guard is false
  kStore,       // buffer[index] = operand 0; nothing happens where the guard is false
  kAccumulate,  // buffer[index] = buffer[index] + operand 0, one inner point after the other (scatter_add)
  kApply,       // row on operands
  kRngBits,     // i64 in [0, 2^32): operands seed, stream (i64), element index (i64)
  kCheckIndex,  // operand 0 (i64), 0 <= it < extent; otherwise the run fails with an IndexError, and no element outside
                // its buffer is touched through it, also where the extent is 0
  kReduce,      // combiner over operand 0
  kArgmax,  // i64: operand 1 (i64, ascending over the pass) where operand 0 is largest; first among equals, NaN largest
  kDot,     // sum of operand 0 * operand 1, ascending, fma, from +0
};

struct Inst {
  InstKind kind = InstKind::kConstant;
  DType dtype = kFloat32;                  // of the value defined; of the value stored
  std::vector<uint32_t> operands;          // values, by number
  int32_t guard = -1;                      // loads and stores: a bool value, or -1
  uint64_t bits = 0;                       // kConstant
  uint32_t buffer = 0;                     // kLoad, kStore, kAccumulate
  Index index;                             // kIndex, kLoad, kStore, kAccumulate
  Dim extent = 0;                          // kCheckIndex
  const ir::Row* row = nullptr;            // kApply
  const ir::Combiner* combiner = nullptr;  // kReduce
  std::vector<Location> locations;         // the user's lines
};

struct Pass {
  std::vector<Dim> inner;
  std::vector<Inst> insts;  // value numbers go on from the previous pass; stores take a number too, which nobody uses
};

// How a target runs a kernel; passes/schedule writes it, emitters obey. Never changes a bit of the result.
struct Schedule {
  // Range that vector lanes run over: an outer range, or kInner (each pass's last inner range), or kScalar.
  static constexpr int kScalar = -1, kInner = -2;
  int vector = kScalar;
  int unroll = 1;  // independent vectors in flight in passes without reductions
  int tile_rows = 0, tile_columns = 0,
      block_k = 0;  // dot kernels: tile (registers on a CPU, a block's on CUDA; columns in elements), depth of a block
  // CUDA only: which threads work on an outer point. kCpu: not scheduled for CUDA.
  enum class Mapping : uint8_t {
    kCpu,
    kPoint,   // one thread; `unroll` neighbours of range `vector` at a time
    kRow,     // 16 neighbouring threads, the lanes of order R
    kColumn,  // 16 threads of a block, neighbours work on neighbouring points
    kBlock,   // a block, however long the rows
    kSplit,   // several blocks of the first pass, the only one with inner ranges; a second launch joins what they found
    kTile,    // dots: a block makes a tile, each thread thread_rows x thread_columns of it
  };
  Mapping mapping = Mapping::kCpu;
  int threads = 0;  // of a block
  int thread_rows = 0, thread_columns = 0;
  bool operator==(const Schedule&) const = default;
};

struct Kernel {
  std::string name;
  std::vector<Buffer> buffers;
  int symbols = 0;
  std::vector<Dim> outer;
  std::vector<Pass> passes;
  Schedule schedule;

  // First value number of a pass.
  [[nodiscard]] uint32_t first_value(size_t pass) const;
  [[nodiscard]] uint32_t value_count() const { return first_value(passes.size()); }
  [[nodiscard]] const Inst& inst(uint32_t value) const;
  // A kernel with a kDot: exactly one, in pass 0, whose other instructions are its two loads.
  [[nodiscard]] bool is_dot() const;
};

}  // namespace sinter::loops
