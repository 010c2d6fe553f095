// Passes without inner ranges for several neighbouring outer points of one thread: accesses to neighbouring elements
// become vector accesses.
#pragma once

#include "codegen/cuda/point_writer.h"

namespace sinter::codegen::cuda {

struct Neighbours {
  uint32_t range = 0;      // an outer range; its text is the first point, a multiple of width
  int width = 1;           // 2 or 4
  std::string count = "";  // text of how many of them exist; empty: all
};

// Writes passes first_pass and later.
void write_neighbours(PointWriter& writer, const Neighbours& neighbours, size_t first_pass);

}  // namespace sinter::codegen::cuda
