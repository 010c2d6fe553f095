// How a kernel runs on a CUDA device: which threads work on an outer point, how many a block has, the tiles of a dot.
// The same for all devices. Golden test: tests/golden/cuda_schedule.sir
#pragma once

#include "ir/loops/kernel.h"

namespace sinter::passes {

// Fills kernel.schedule.
void schedule_cuda(loops::Kernel& kernel);

}  // namespace sinter::passes
