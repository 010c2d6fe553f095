#include "frontend/cuda.h"

#include "runtime/cuda/driver.h"
#include "runtime/device_memory.h"

namespace sinter::cuda {

bool is_available() { return device_count() > 0; }
int device_count() { return runtime::cuda::driver_state().devices; }

void synchronize(Device device) { runtime::synchronize(device); }

int64_t memory_allocated(Device device) { return runtime::memory_statistics(device).live_bytes; }
int64_t max_memory_allocated(Device device) { return runtime::memory_statistics(device).peak_bytes; }
void reset_peak_memory_stats(Device device) { runtime::reset_peak_memory(device); }

}  // namespace sinter::cuda
