#include "codegen/cpu/dot_plan.h"

#include <algorithm>
#include <bit>

#include "codegen/cpu/target.h"

namespace sinter::codegen::cpu {

using loops::Atom;
using loops::Index;
using loops::InstKind;
using loops::Kernel;

namespace {

int64_t ceil_div(int64_t x, int64_t y) { return (x + y - 1) / y; }
int64_t size_or(Dim dim, int64_t unknown) { return dim.is_symbol() ? unknown : dim.value(); }

// The range's coefficient; nothing when the range occurs in another way than as one plain term.
std::optional<Dim> coefficient(const Index& index, uint32_t range) {
  Dim found = 0;
  int times = 0;
  for (const loops::Term& term : index.terms) {
    if (term.atom.kind == Atom::Kind::kSymbol) continue;
    if (term.atom.kind != Atom::Kind::kRange) return std::nullopt;
    if (term.atom.id != range) continue;
    found = term.coefficient;
    ++times;
  }
  if (times > 1) return std::nullopt;
  return found;
}

Index without(Index index, int range_a, uint32_t range_b) {
  std::erase_if(index.terms, [&](const loops::Term& term) {
    return term.atom.kind == Atom::Kind::kRange &&
           (static_cast<int>(term.atom.id) == range_a || term.atom.id == range_b);
  });
  return index;
}

// The outer range that the kernel's first store walks one by one: vectors should run over it.
int stored_contiguously(const Kernel& kernel) {
  for (const loops::Pass& pass : kernel.passes)
    for (const loops::Inst& inst : pass.insts) {
      if (inst.kind != InstKind::kStore) continue;
      for (const loops::Term& term : inst.index.terms)
        if (term.atom.kind == Atom::Kind::kRange && term.coefficient.is(1) && term.atom.id < kernel.outer.size())
          return static_cast<int>(term.atom.id);
      return -1;
    }
  return -1;
}

// Whether a later pass reads a buffer where it stores one, as updates of weights and moments do: then the results are
// many to each row, and one worker had better have them from run to run.
bool reads_where_it_stores(const Kernel& kernel) {
  for (const loops::Pass& pass : kernel.passes)
    for (const loops::Inst& load : pass.insts)
      for (const loops::Inst& store : pass.insts)
        if (load.kind == InstKind::kLoad && store.kind == InstKind::kStore && load.index == store.index) return true;
  return false;
}

// Ranges that only this operand walks.
struct Lines {
  std::vector<uint32_t> ranges;
  [[nodiscard]] bool has(int range) const {
    return std::any_of(ranges.begin(), ranges.end(), [&](uint32_t r) { return static_cast<int>(r) == range; });
  }
  // The one with most points; the last of equals.
  [[nodiscard]] int longest(const Kernel& kernel) const {
    int best = -1;
    for (const uint32_t r : ranges)
      if (best < 0 ||
          size_or(kernel.outer[r], INT64_MAX) >= size_or(kernel.outer[static_cast<size_t>(best)], INT64_MAX))
        best = static_cast<int>(r);
    return best;
  }
};

// Whether vectors should run over the few lines of the other operand rather than the many of this one: those would have
// to be turned in memory first. Results are then stored one by one, so there must be few of them.
bool better_turned(const Kernel& kernel, const Lines& many, const Lines& few, const Index& of_many) {
  constexpr int64_t kFewest = 5, kMost = 16, kTimes = 4;
  const int over_many = many.longest(kernel), over_few = few.longest(kernel);
  if (over_many < 0 || over_few < 0) return false;
  const Dim lines = kernel.outer[static_cast<size_t>(over_many)], others = kernel.outer[static_cast<size_t>(over_few)];
  if (lines.is_symbol() || others.is_symbol() || others.value() < kFewest || others.value() > kMost) return false;
  const auto line = coefficient(of_many, static_cast<uint32_t>(over_many));
  return line && !line->is(1) && lines.value() >= kTimes * others.value();
}

bool choose_ranges(const Kernel& kernel, DotPlan& plan) {
  const auto& insts = kernel.passes[0].insts;
  const auto depth_range = static_cast<uint32_t>(kernel.outer.size());
  Lines lines[2];
  for (uint32_t r = 0; r < kernel.outer.size(); ++r) {
    const auto in_0 = coefficient(insts[0].index, r), in_1 = coefficient(insts[1].index, r);
    if (!in_0 || !in_1) return false;
    if (in_0->is(0) != in_1->is(0)) lines[in_0->is(0) ? 1 : 0].ranges.push_back(r);
  }
  const auto extent = [&](int range) { return range < 0 ? Dim(1) : kernel.outer[static_cast<size_t>(range)]; };
  const int contiguous = stored_contiguously(kernel);
  int b = lines[0].has(contiguous) ? 0 : 1;
  if (extent(lines[b].longest(kernel)).is(1) || better_turned(kernel, lines[b], lines[1 - b], insts[b].index))
    b = 1 - b;
  plan.column_range = lines[b].has(contiguous) && !extent(contiguous).is(1) ? contiguous : lines[b].longest(kernel);
  plan.row_range = lines[1 - b].longest(kernel);
  if (plan.column_range < 0) return false;
  plan.columns = extent(plan.column_range);
  plan.rows = extent(plan.row_range);
  plan.depth = kernel.passes[0].inner[0];
  for (uint32_t r = 0; r < kernel.outer.size(); ++r)
    if (static_cast<int>(r) != plan.column_range && static_cast<int>(r) != plan.row_range) plan.others.push_back(r);
  const auto operand = [&](const loops::Inst& load, int range) -> std::optional<DotOperand> {
    const auto depth = coefficient(load.index, depth_range);
    if (!depth) return std::nullopt;
    const Dim line = range < 0 ? Dim(0) : *coefficient(load.index, static_cast<uint32_t>(range));
    return DotOperand{
        .buffer = load.buffer, .rest = without(load.index, range, depth_range), .line = line, .depth = *depth};
  };
  const auto rows = operand(insts[static_cast<size_t>(1 - b)], plan.row_range);
  const auto columns = operand(insts[static_cast<size_t>(b)], plan.column_range);
  if (!rows || !columns) return false;
  plan.a = *rows;
  plan.b = *columns;
  return true;
}

// Accumulators, the row's vectors of b and one element of a fit the registers: 32, or 16 without AVX-512.
void choose_tile(DotPlan& plan, const loops::Schedule& schedule, Isa isa) {
  const bool wide = isa == Isa::kAvx512;
  plan.vector = register_bytes(isa) / static_cast<unsigned>(size_of(plan.dtype));
  const int64_t rows = size_or(plan.rows, 1 << 20), columns = size_or(plan.columns, 1 << 20);
  if (wide && 2 * columns <= plan.vector) plan.vector /= 2;  // masked lanes cost as much as others on some machines
  plan.vectors = rows <= 2 ? 8 / static_cast<unsigned>(std::max<int64_t>(rows, 1)) : rows <= 4 && wide ? 4 : 2;
  while (plan.vectors > 1 && plan.vectors / 2 * plan.vector >= columns) plan.vectors /= 2;
  plan.tile_rows = plan.vectors == 1   ? (wide ? 16 : 12)
                   : plan.vectors == 2 ? (wide ? 8 : 6)
                   : plan.vectors == 4 ? (wide ? 4 : 2)
                                       : 1;
  if (schedule.tile_columns > 0)
    plan.vectors =
        static_cast<unsigned>(std::bit_ceil(static_cast<uint64_t>(ceil_div(schedule.tile_columns, plan.vector))));
  if (schedule.tile_rows > 0) plan.tile_rows = static_cast<unsigned>(schedule.tile_rows);
  if (plan.rows.is_symbol()) return;
  plan.tiles = ceil_div(rows, plan.tile_rows);
  plan.tile_rows = static_cast<unsigned>(std::max<int64_t>(1, ceil_div(rows, std::max<int64_t>(1, *plan.tiles))));
  plan.tall_tiles = rows - *plan.tiles * (plan.tile_rows - 1);
}

void choose_blocks(const Kernel& kernel, DotPlan& plan) {
  constexpr int64_t kDepthBytes = 16 << 10;                            // of one line of an operand
  constexpr int64_t kPanelBytes = 512 << 10;                           // half of a usual L2
  constexpr int64_t kPanelColumns = 128;                               // enough to make up for packing the rows
  constexpr double kSmallUnit = 2.4e5, kLargeUnit = 2e7, kUnits = 16;  // operations; units of a large product
  const auto size = static_cast<int64_t>(size_of(plan.dtype));
  plan.block_depth = kernel.schedule.block_k > 0 ? kernel.schedule.block_k
                     : plan.depth.is_symbol()    ? 1024
                                                 : kDepthBytes / size;
  const int64_t depth = std::min(size_or(plan.depth, plan.block_depth), plan.block_depth);
  const int64_t rows = size_or(plan.rows, 64), columns = size_or(plan.columns, 128);
  const int64_t panels = ceil_div(std::max<int64_t>(columns, 1), plan.tile_columns());
  const int64_t most_panels =
      std::clamp<int64_t>(kPanelBytes / std::max<int64_t>(1, depth * size * plan.tile_columns()), 1,
                          std::max<int64_t>(4, kPanelColumns / plan.tile_columns()));
  const auto operations = [&](int64_t of_rows, int64_t of_panels) {
    return 2.0 * static_cast<double>(of_rows * of_panels * plan.tile_columns()) *
           static_cast<double>(std::max<int64_t>(depth, 1));
  };
  const double wanted = std::clamp(operations(rows, panels) / kUnits, kSmallUnit, kLargeUnit);
  plan.block_panels = rows >= 256 ? std::min(most_panels, std::max<int64_t>(1, panels / 4)) : 1;
  while (plan.block_panels < std::min(most_panels, panels) && operations(rows, plan.block_panels) < wanted)
    ++plan.block_panels;
  const int64_t tiles = plan.tiles.value_or(ceil_div(rows, plan.tile_rows));
  const double per_tile = operations(plan.tile_rows, plan.block_panels);
  plan.block_tiles = std::clamp<int64_t>(static_cast<int64_t>(wanted / per_tile), std::clamp<int64_t>(tiles, 1, 2),
                                         std::max<int64_t>(tiles, 1));
  if (plan.rows.is_symbol()) plan.block_tiles = std::max<int64_t>(1, 64 / plan.tile_rows);
  plan.rows_first = plan.tiles && tiles > 1 && reads_where_it_stores(kernel);
  if (!plan.rows_first) return;
  constexpr int64_t kRows = 64;  // fewer would make packing the columns again for each block dear
  const int64_t blocks = std::clamp<int64_t>(rows / kRows, 2, tiles);
  plan.block_tiles = ceil_div(tiles, blocks);
}

// Copying costs a load and a store per vector and k; it pays when many tiles read the panel.
void choose_packing(DotPlan& plan, Isa isa) {
  const bool contiguous = plan.b.line.is(1) || plan.columns.is(1);
  if (!contiguous) {
    plan.pack = plan.b.depth.is(1) ? DotPlan::Pack::kTranspose : DotPlan::Pack::kElements;
    return;
  }
  const bool partial = plan.columns.is_symbol() || plan.columns.value() % plan.tile_columns() != 0;
  const bool many_rows = plan.rows.is_symbol() || plan.rows.value() >= 48;
  const int64_t stride = size_or(plan.b.depth, 1024) * static_cast<int64_t>(size_of(plan.dtype));
  const bool far = stride >= 1024 || plan.columns.is_symbol();
  // Without AVX-512 masks of a partial panel would take registers from the tile.

  if ((partial && isa != Isa::kAvx512) || (many_rows && far)) plan.pack = DotPlan::Pack::kCopy;
}

// Every step of k on a page of its own is slow to read, the more so the fewer rows a narrow tile takes of each line of
// memory, or when all steps fall on one set of the cache: then it is worth doing once for all panels of a unit.
void choose_row_packing(DotPlan& plan, Isa isa) {
  constexpr int64_t kFarBytes = 512 << 10, kPageBytes = 4096;
  const int64_t depth = size_or(plan.depth, plan.block_depth), step = size_or(plan.a.depth, 1024);
  const auto size = static_cast<int64_t>(size_of(plan.dtype));
  const bool slow = isa == Isa::kAvx2 || step * size % kPageBytes == 0;
  plan.pack_rows =
      slow && plan.a.line.is(1) && !plan.a.depth.is(1) && plan.block_panels > 1 && depth * step * size >= kFarBytes;
}

}  // namespace

int64_t DotPlan::tile_elements() const {
  const int64_t one = int64_t{tile_rows} * tile_columns();
  return one_block() ? one
                     : one * (block_tiles + (tiles ? 0 : tile_rows / 2)) * block_panels;  // few rows take small tiles
}

int64_t DotPlan::panel_elements() const {
  if (pack == Pack::kNone) return 0;
  const int64_t lines = std::min(size_or(depth, block_depth), block_depth);
  return ceil_div(lines, vector) * vector * tile_columns();
}

int64_t DotPlan::packed_rows_elements() const {
  if (!pack_rows) return 0;
  // One line more than there is: tiles a power of two apart would fall on one set of the cache.
  const auto line = static_cast<int64_t>(64 / size_of(dtype));
  return std::min(size_or(depth, block_depth), block_depth) * packed_row_step() + line;
}

size_t DotPlan::scratch_bytes() const {
  const int64_t elements =
      tile_elements() + panel_elements() * block_panels + packed_rows_elements() * packed_row_tiles();
  return static_cast<size_t>(elements) * size_of(dtype);
}

Units DotPlan::units(const Kernel& kernel) const {
  Units made;
  const auto factor = [](Dim extent, int64_t divisor) {
    return runtime::KernelCode::Factor{.extent = extent.is_symbol() ? 0 : extent.value(),
                                       .symbol = extent.is_symbol() ? extent.symbol_id() : -1,
                                       .divisor = divisor};
  };
  for (const uint32_t r : others) made.factors.push_back(factor(kernel.outer[r], 1));
  const auto column_blocks = factor(columns, block_panels * tile_columns()),
             row_blocks = tiles ? factor(*tiles, block_tiles) : factor(rows, block_tiles * tile_rows);
  made.factors.push_back(rows_first ? row_blocks : column_blocks);
  made.factors.push_back(rows_first ? column_blocks : row_blocks);
  made.ranges = others;
  return made;
}

std::optional<DotPlan> plan_dot(const Kernel& kernel, Isa isa) {
  if (!kernel.is_dot() || kernel.passes[0].inner.size() != 1) return std::nullopt;
  DotPlan plan{.dtype = kernel.passes[0].insts[2].dtype};
  if (!is_float(plan.dtype) || !choose_ranges(kernel, plan)) return std::nullopt;
  choose_tile(plan, kernel.schedule, isa);
  choose_packing(plan, isa);
  choose_blocks(kernel, plan);
  choose_row_packing(plan, isa);
  return plan;
}

}  // namespace sinter::codegen::cpu
