// What users ask of CUDA devices beside computing on them.
#pragma once

#include <cstdint>

#include "support/device.h"

namespace sinter::cuda {

// Whether this machine has a driver and a device. Never throws.
[[nodiscard]] bool is_available();
[[nodiscard]] int device_count();

// Waits for all work on the device; throws what went wrong there: RuntimeError for a fault, IndexError for an index out
// of range.
void synchronize(Device device = "cuda");

// Bytes of tensors that exist, and the most they were since reset_peak_memory_stats().
[[nodiscard]] int64_t memory_allocated(Device device = "cuda");
[[nodiscard]] int64_t max_memory_allocated(Device device = "cuda");
void reset_peak_memory_stats(Device device = "cuda");

}  // namespace sinter::cuda
