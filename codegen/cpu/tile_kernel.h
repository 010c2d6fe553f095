// Copies that turn square tiles: a tile is read row by row, turned in registers and written row by row, so that every
// cache line is touched once on each side, however far apart rows lie.
#pragma once

#include "codegen/cpu/compile_kernel.h"

namespace llvm {
class Function;
}

namespace sinter::codegen::cpu {

// Whether the kernel does nothing but load and store elements, and its last two outer ranges are a tile of constant
// size of which the first is walked one by one by the load, the second by the store.
[[nodiscard]] bool turns_tiles(const loops::Kernel& kernel);

// Fills `function`, void(KernelCall*), with such a kernel. A unit of work is a tile.
void emit_tile_kernel(llvm::Function& function, const loops::Kernel& kernel);

}  // namespace sinter::codegen::cpu
