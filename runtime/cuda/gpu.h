// One NVIDIA device as Sinter uses it: its primary context, one stream on which everything runs in order, memory,
// staging for copies, and index checks whose outcome is not known yet.
#pragma once

#include <string>

#include "runtime/cuda/checks.h"
#include "runtime/cuda/driver.h"
#include "runtime/cuda/memory.h"
#include "runtime/cuda/staging.h"
#include "support/device.h"

namespace sinter::runtime::cuda {

struct GpuFacts {
  std::string name;
  int arch = 0;  // 90: compute capability 9.0
  int multiprocessors = 0;
  size_t memory_bytes = 0;
  size_t shared_bytes = 0;  // the most that a block may ask for
};
// Of device `index` of the driver, without opening it.
[[nodiscard]] GpuFacts gpu_facts(int index);

class Gpu {
 public:
  // Opened at first use and never closed. RuntimeError where the machine has no such device.
  [[nodiscard]] static Gpu& open(Device device);

  Gpu(const Gpu&) = delete;
  Gpu& operator=(const Gpu&) = delete;

  // Makes this thread's driver calls go to this device; cheap when they do.
  void activate() const;
  // Waits for all that was asked so far. RuntimeError for a fault on the device, with the kernels that may have made
  // it; IndexError for a failed index check.
  void synchronize();
  // The same, but leaves index checks for later.
  void wait() const;

  const Device device;
  const GpuFacts facts;
  const Context context;
  const Stream stream;
  DeviceMemory memory;
  Staging staging;
  Checks checks;
  // For launches without checks and gates: a KernelStatus of zeros.
  const DevicePointer idle_status;

 private:
  explicit Gpu(int index);
};

// Index checks of operations run one by one, before their results may overwrite state: waits for those, and throws the
// IndexError of one that failed. Costs nothing when there are none, or no such device is open.
void settle_operations(Device device);

}  // namespace sinter::runtime::cuda
