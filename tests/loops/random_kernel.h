// Random valid kernels with inputs, for fuzzing whoever runs kernels: all instructions, ragged extents, strides 0, 1
// and others, several passes, symbols, dots with epilogues. They run without races, and without error but for indices
// out of range, some of them of empty axes.
#pragma once

#include <cstddef>
#include <vector>

#include "ir/loops/kernel.h"

namespace sinter::loops {

struct RandomKernel {
  Kernel kernel;                                // verifies; its schedule is random, too
  std::vector<std::vector<std::byte>> buffers;  // contents before the run, of outputs as well
  std::vector<int64_t> symbols;
  bool may_fail = false;  // an index that is perhaps never used is out of range
};

// The same kernel for the same seed. Inputs hold a few infinities, NaNs and denormals: compare NaNs as one and
// denormals as zero.
[[nodiscard]] RandomKernel random_kernel(uint64_t seed);

}  // namespace sinter::loops
