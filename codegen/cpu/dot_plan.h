// How a dot kernel is tiled: which operand gives rows and which columns, the register tile, blocks and scratch. A
// function of the kernel and the instruction set alone; nothing here changes a bit of the result.
#pragma once

#include <bit>
#include <optional>

#include "codegen/cpu/units.h"

namespace sinter::codegen::cpu {

// One operand of the dot seen as a matrix: the address is rest + line * (row or column) + depth * k.
struct DotOperand {
  uint32_t buffer = 0;
  loops::Index rest;  // over the outer ranges that are neither rows nor columns, and offsets
  Dim line = 0, depth = 0;
};

struct DotPlan {
  DotOperand a, b;     // a gives rows, one element at a time; b columns, a vector at a time
  int row_range = -1;  // -1: one row
  int column_range = 0;
  std::vector<uint32_t> others;  // outer ranges looped around it all
  Dim rows = 1, columns = 1, depth = 1;
  DType dtype = kFloat32;

  unsigned vector = 16;    // elements of a register
  unsigned vectors = 2;    // of a tile's row
  unsigned tile_rows = 8;  // at most
  // Constant rows are shared out evenly: `tall_tiles` tiles of tile_rows, the others one less. Rows known at run time
  // only: tiles of tile_rows, then of the powers of two below.
  std::optional<int64_t> tiles, tall_tiles;
  int64_t block_tiles = 8, block_panels = 1;  // of a unit of work
  int64_t block_depth = 0;                    // elements of k between visits of a tile
  bool rows_first = false;                    // units of one block of rows follow each other, else those of columns
  enum class Pack {
    kNone,
    kCopy,
    kTranspose,
    kElements
  } pack = Pack::kNone;  // how columns get side by side in scratch

  // Rows lie side by side, steps of k far apart: the rows of a tile are brought together first, for all tiles of a unit
  // at once where their number is known.
  bool pack_rows = false;

  [[nodiscard]] unsigned tile_columns() const { return vector * vectors; }
  [[nodiscard]] bool one_block() const { return !depth.is_symbol() && depth.value() <= block_depth; }
  // Scratch: the tile (or a unit's tiles, when depth is cut into blocks), then packed panels, then packed rows.
  [[nodiscard]] int64_t tile_elements() const;
  [[nodiscard]] int64_t panel_elements() const;
  // One step of k in a tile's packed rows, and all of them.
  [[nodiscard]] unsigned packed_row_step() const { return std::bit_ceil(tile_rows); }
  [[nodiscard]] int64_t packed_rows_elements() const;
  [[nodiscard]] int64_t packed_row_tiles() const { return tiles ? block_tiles : 1; }  // packed at once
  [[nodiscard]] size_t scratch_bytes() const;
  [[nodiscard]] Units units(const loops::Kernel& kernel) const;
};

// Nothing when the kernel is no dot, or one that plain loops serve: integers, several inner ranges, no rows and columns
// at all.
[[nodiscard]] std::optional<DotPlan> plan_dot(const loops::Kernel& kernel, Isa isa);

}  // namespace sinter::codegen::cpu
