// Kernels that differ in constant offsets alone become one kernel that is told its offsets at each launch, so that the
// steps of an unrolled loop and the rows of a tensor share code. Test: tests/kernels/share_offsets_test.cc
#pragma once

#include <vector>

#include "passes/lower/lower.h"

namespace sinter::passes {

// The same kernels, which have no symbols, scheduled. Offsets are the constant parts of indices and numbers that are
// only compared with. Where they differ between kernels that are equal otherwise, they become symbols, whose values
// stand beside each kernel; offsets that go up together are one symbol. What has no such twin stays as it is.
[[nodiscard]] std::vector<LoweredKernel> share_offsets(std::vector<LoweredKernel> kernels);

}  // namespace sinter::passes
