// The functions a dot kernel calls: the product of a register tile, and the packing of a panel.
#pragma once

#include "codegen/cpu/dot_plan.h"

namespace llvm {
class Function;
class Module;
}  // namespace llvm

namespace sinter::codegen::cpu {

// void(a, b, c, depth, a_line, a_depth, b_depth, columns, resume): c[rows][tile_columns] = the products over `depth`,
// going on from what c holds where `resume`. Strides that the plan knows are compiled in. Only with Pack::kNone may
// columns be fewer than the tile's.
[[nodiscard]] llvm::Function* emit_tile(llvm::Module& module, const DotPlan& plan, Isa isa, unsigned rows);

// void(from, to, depth, columns, line, depth_stride): to[depth][tile_columns] = the first `columns` lines of b, for
// `depth` elements of k; what lies beyond those columns is arbitrary.
[[nodiscard]] llvm::Function* emit_pack(llvm::Module& module, const DotPlan& plan, Isa isa);

// void(from, to, depth, tiles, tall, rows, depth_stride): to[tile][k][packed_row_step] = each tile's elements of the
// `rows` contiguous ones of a, for `depth` steps of k. The first `tall` tiles have plan.tile_rows rows, the others one
// less; what lies beyond a tile's rows is arbitrary.
[[nodiscard]] llvm::Function* emit_pack_rows(llvm::Module& module, const DotPlan& plan, Isa isa);

}  // namespace sinter::codegen::cpu
