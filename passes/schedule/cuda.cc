#include "passes/schedule/cuda.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <set>

#include "ir/loops/dot_ranges.h"
#include "ir/loops/walk.h"
#include "ir/scalar/order.h"

namespace sinter::passes {
namespace {

using loops::Atom;
using loops::Index;
using loops::Inst;
using loops::InstKind;
using loops::Kernel;
using loops::Pass;
using loops::Schedule;
using loops::Walk;
using Mapping = Schedule::Mapping;

using ir::kOrderBlock;  // what 16 threads can share

constexpr int64_t kLong = 16 * kOrderBlock;  // what a block of threads can share
constexpr int64_t kFewPoints = 64;           // would leave most of a device idle, were each given to one block

bool is_store(const Inst& inst) { return inst.kind == InstKind::kStore || inst.kind == InstKind::kAccumulate; }
bool has_element(const Inst& inst) { return inst.kind == InstKind::kLoad || is_store(inst); }

// A load from a buffer that an earlier instruction stores to: what vector accesses would put in another order.
bool reads_what_it_stored(const Kernel& kernel) {
  std::set<uint32_t> stored;
  for (const Pass& pass : kernel.passes)
    for (const Inst& inst : pass.insts) {
      if (inst.kind == InstKind::kLoad && stored.contains(inst.buffer)) return true;
      if (is_store(inst)) stored.insert(inst.buffer);
    }
  return false;
}

void schedule_points(Kernel& kernel) {
  Schedule& schedule = kernel.schedule;
  schedule.mapping = Mapping::kPoint;
  schedule.threads = kernel.outer.empty() ? 32 : 256;
  if (kernel.outer.empty() || reads_what_it_stored(kernel)) return;
  const auto last = static_cast<uint32_t>(kernel.outer.size()) - 1;
  const auto points = loops::constant_points(kernel.outer);
  if (points && *points < 4096) return;  // the more threads the better
  // Four elements of f32, two of the wider types: 16 bytes. Accesses that stay scalar lose by it.
  size_t widest = 0;
  int gain = 0;
  for (const Pass& pass : kernel.passes)
    for (const Inst& inst : pass.insts) {
      if (!has_element(inst)) continue;
      const Walk walk = inst.guard >= 0 ? Walk::kOther : loops::walk(inst.index, last, 4);
      gain += walk == Walk::kOneByOne ? 1 : walk == Walk::kOther ? -2 : 0;
      if (walk == Walk::kOneByOne) widest = std::max(widest, size_of(inst.dtype));
    }
  if (gain <= 0) return;
  schedule.vector = static_cast<int>(last);
  schedule.unroll = widest == 8 ? 2 : 4;
}

// How many accesses of passes with inner ranges walk their memory one by one along the last inner range, or along the
// last outer range.
struct Directions {
  int inner = 0, outer = 0;
};
Directions directions(const Kernel& kernel) {
  Directions found;
  const auto outer = static_cast<uint32_t>(kernel.outer.size());
  for (const Pass& pass : kernel.passes) {
    if (pass.inner.empty()) continue;
    const auto last = outer + static_cast<uint32_t>(pass.inner.size()) - 1;
    for (const Inst& inst : pass.insts) {
      if (!has_element(inst)) continue;
      const auto along = [&](uint32_t range) {  // coefficient 1 is all that matters here
        return loops::walk(inst.index, range, 1) == Walk::kOneByOne ? 1 : 0;
      };
      found.inner += along(last);
      if (outer > 0) found.outer += along(outer - 1);
    }
  }
  return found;
}

// One pass with inner ranges, first, all of whose work ends in reductions.
bool can_split(const Kernel& kernel) {
  if (kernel.passes.empty() || kernel.passes[0].inner.empty()) return false;
  if (std::any_of(kernel.passes.begin() + 1, kernel.passes.end(), [](const Pass& p) { return !p.inner.empty(); }))
    return false;
  const auto& insts = kernel.passes[0].insts;
  return std::none_of(
             insts.begin(), insts.end(),
             [](const Inst& inst) { return inst.kind == InstKind::kAccumulate || inst.kind == InstKind::kDot; }) &&
         std::any_of(insts.begin(), insts.end(),
                     [](const Inst& inst) { return inst.kind == InstKind::kReduce || inst.kind == InstKind::kArgmax; });
}

void schedule_groups(Kernel& kernel) {
  Schedule& schedule = kernel.schedule;
  const auto points = loops::constant_points(kernel.outer);
  int64_t longest = 0;
  for (const Pass& pass : kernel.passes) {
    const auto inner = loops::constant_points(pass.inner);
    longest = std::max(longest, inner.value_or(INT64_MAX));
  }
  const Directions found = directions(kernel);
  const bool columns = found.outer > found.inner;
  // A block takes 32 columns: few columns leave a device idle.
  const bool few = points && *points <= (columns ? 32 * kFewPoints : kFewPoints);
  const bool is_long = columns ? longest > 2 * kOrderBlock && longest != INT64_MAX : longest > kLong / 2;
  if (few && is_long && can_split(kernel)) {
    schedule.mapping = Mapping::kSplit;
    schedule.threads = columns ? 512 : 256;
    if (columns) schedule.vector = static_cast<int>(kernel.outer.size()) - 1;
  } else if (columns) {
    schedule.mapping = Mapping::kColumn;
    schedule.threads = 512;
  } else if (longest <= kOrderBlock || !points || *points > kLong) {
    schedule.mapping = Mapping::kRow;
    schedule.threads = points && *points <= 1024 ? 64 : 128;  // few points: more blocks
  } else {
    schedule.mapping = Mapping::kBlock;
    schedule.threads = 256;
  }
}

struct Tile {
  int rows, columns, thread_rows, thread_columns, block_k;
  [[nodiscard]] int threads() const { return rows / thread_rows * (columns / thread_columns); }
};

// Large tiles read operands seldom; small ones make enough blocks to fill a device. Narrow products get
// tiles that fit them.
Tile choose_tile(int64_t batch, int64_t rows, int64_t columns, bool known, size_t element) {
  static constexpr Tile kTiles[] = {{128, 128, 8, 8, 8}, {64, 64, 4, 4, 16}, {32, 32, 2, 2, 32}, {16, 16, 1, 1, 32}};
  constexpr int64_t kBlocks = 96;
  const auto ceil_div = [](int64_t x, int64_t y) { return (x + y - 1) / y; };
  if (columns <= 8 || rows <= 8) {
    const int narrow =
        static_cast<int>(std::bit_ceil(static_cast<uint64_t>(std::max<int64_t>(1, std::min(rows, columns)))));
    const int other = narrow <= 4 ? 64 : 32, depth = std::min(32, 8 * narrow);
    return columns <= rows ? Tile{other, narrow, 1, 1, depth} : Tile{narrow, other, 1, 1, depth};
  }
  for (const Tile& tile : kTiles) {
    if (tile.rows == 128 && element > 4) continue;  // accumulators would not fit the registers
    if (tile.rows == 32 && !known) return tile;     // whatever the sizes turn out to be
    if (batch * ceil_div(rows, tile.rows) * ceil_div(columns, tile.columns) >= kBlocks) return tile;
  }
  return std::end(kTiles)[-1];
}

void schedule_dot(Kernel& kernel, const loops::DotRanges& ranges) {
  bool known = true;
  const auto points = [&](const std::vector<uint32_t>& ids) {
    constexpr int64_t kUnknown = 256;
    int64_t product = 1;
    for (const uint32_t id : ids) {
      const Dim extent = kernel.outer[id];
      known = known && !extent.is_symbol();
      product *= extent.is_symbol() ? kUnknown : extent.value();
    }
    return product;
  };
  const Tile tile = choose_tile(points(ranges.batch), points(ranges.rows), points(ranges.columns), known,
                                size_of(kernel.passes[0].insts[2].dtype));
  Schedule& schedule = kernel.schedule;
  schedule.mapping = Mapping::kTile;
  schedule.tile_rows = tile.rows;
  schedule.tile_columns = tile.columns;
  schedule.thread_rows = tile.thread_rows;
  schedule.thread_columns = tile.thread_columns;
  schedule.block_k = tile.block_k;
  schedule.threads = tile.threads();
  // The neighbours that one thread has finish together, with vector accesses.
  if (ranges.columns.size() != 1 || tile.thread_columns == 1 || reads_what_it_stored(kernel)) return;
  schedule.vector = static_cast<int>(ranges.columns[0]);
}

}  // namespace

void schedule_cuda(Kernel& kernel) {
  kernel.schedule = {};
  const bool has_inner =
      std::any_of(kernel.passes.begin(), kernel.passes.end(), [](const Pass& pass) { return !pass.inner.empty(); });
  if (const auto ranges = loops::dot_ranges(kernel))
    schedule_dot(kernel, *ranges);
  else if (has_inner)
    schedule_groups(kernel);
  else
    schedule_points(kernel);
}

}  // namespace sinter::passes
