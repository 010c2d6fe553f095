// One function for each Schedule::Mapping: writes the entries of a kernel.
#pragma once

#include "codegen/cuda/point_writer.h"

namespace sinter::codegen::cuda {

void write_point_kernel(PointWriter& writer, const std::string& symbol);  // kPoint
void write_group_kernel(PointWriter& writer, const std::string& symbol);  // kRow, kColumn, kBlock
void write_split_kernel(PointWriter& writer, const std::string& symbol,
                        std::vector<runtime::KernelCode::Factor>& scratch);
void write_tile_kernel(PointWriter& writer, const std::string& symbol);  // kTile

}  // namespace sinter::codegen::cuda
