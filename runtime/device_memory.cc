#include "runtime/device_memory.h"

#include <algorithm>
#include <cstring>

#include "runtime/cuda/gpu.h"

namespace sinter::runtime {
namespace {

using cuda::Gpu;

cuda::DevicePointer address(const void* pointer) { return reinterpret_cast<cuda::DevicePointer>(pointer); }

// Each device has a stream of its own: both wait.
void copy_between(void* to, Gpu& target, const void* from, Gpu& source, size_t bytes) {
  source.wait();
  target.activate();
  cuda::driver().copy_between_devices(address(to), target.context, address(from), source.context, bytes, target.stream);
  target.wait();
}

}  // namespace

Buffer allocate_on(Device device, size_t bytes) {
  return device.is_cpu() ? Buffer::allocate(bytes) : Gpu::open(device).memory.allocate(bytes);
}

void copy_bytes(void* to, Device to_device, const void* from, Device from_device, size_t bytes) {
  if (bytes == 0) return;
  if (to_device.is_cpu() && from_device.is_cpu()) {
    std::memcpy(to, from, bytes);
  } else if (from_device.is_cpu()) {
    Gpu::open(to_device).staging.to_device(address(to), from, bytes);
  } else if (to_device.is_cpu()) {
    Gpu& gpu = Gpu::open(from_device);
    const cuda::Checks::Fetched fetched = gpu.checks.fetch();
    gpu.staging.to_host(to, address(from), bytes);
    gpu.checks.settle(fetched);
  } else if (to_device == from_device) {
    Gpu& gpu = Gpu::open(to_device);
    cuda::driver().copy_on_device(address(to), address(from), bytes, gpu.stream);
  } else {
    copy_between(to, Gpu::open(to_device), from, Gpu::open(from_device), bytes);
  }
}

void clear_bytes(void* to, Device device, size_t bytes) {
  if (bytes == 0) return;
  if (device.is_cpu()) {
    std::memset(to, 0, bytes);
    return;
  }
  Gpu& gpu = Gpu::open(device);
  cuda::driver().fill_bytes(address(to), 0, bytes, gpu.stream);
}

void fill_words(void* to, Device device, uint32_t word, size_t count) {
  if (count == 0) return;
  if (device.is_cpu()) {
    std::fill_n(static_cast<uint32_t*>(to), count, word);
    return;
  }
  Gpu& gpu = Gpu::open(device);
  cuda::driver().fill_words(address(to), word, count, gpu.stream);
}

void synchronize(Device device) {
  if (!device.is_cpu()) Gpu::open(device).synchronize();
}

MemoryStatistics memory_statistics(Device device) {
  return device.is_cpu() ? memory_statistics() : Gpu::open(device).memory.statistics();
}

void reset_peak_memory(Device device) { device.is_cpu() ? reset_peak_memory() : Gpu::open(device).memory.reset_peak(); }

}  // namespace sinter::runtime
