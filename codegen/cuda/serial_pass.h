// A pass that one thread goes through alone, inner point after inner point.
#pragma once

#include "codegen/cuda/point_writer.h"

namespace sinter::codegen::cuda {

// No reductions but dots and those of any order.
void write_serial_pass(PointWriter& writer, size_t pass);

// Only what its accumulations need, and they.
void write_accumulations(PointWriter& writer, size_t pass);

// Opens a loop for each inner range; returns how many.
size_t open_inner_loops(PointWriter& writer, size_t pass);

}  // namespace sinter::codegen::cuda
