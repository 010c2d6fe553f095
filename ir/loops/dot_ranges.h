// The outer ranges of a dot: which make rows of the result, which columns.
#pragma once

#include <optional>

#include "ir/loops/kernel.h"

namespace sinter::loops {

struct DotRanges {
  size_t rows_load = 0;                        // the load, 0 or 1, that walks the rows; the other one walks the columns
  std::vector<uint32_t> rows, columns, batch;  // ascending; those of both loads or of none are the batch
};
// Nothing when the kernel is no dot, or a pass after it has inner ranges. Columns are of the load that walks the range
// that the first store walks one by one.
[[nodiscard]] std::optional<DotRanges> dot_ranges(const Kernel& kernel);

}  // namespace sinter::loops
