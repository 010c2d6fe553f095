#include "runtime/cuda/gpu.h"

#include <array>
#include <atomic>
#include <mutex>

#include "runtime/cuda/launch_log.h"
#include "runtime/program.h"
#include "support/error.h"

namespace sinter::runtime::cuda {
namespace {

constexpr int kMaxDevices = 64;
std::array<std::atomic<Gpu*>, kMaxDevices> g_open;

int attribute(int device, int which) {
  int value = 0;
  driver().device_attribute(&value, which, device);
  return value;
}

Context retained_context(int index) {
  int device = 0;
  driver().device(&device, index);
  Context context = nullptr;
  driver().retain_context(&context, device);
  driver().set_context(context);
  return context;
}

Stream new_stream() {
  constexpr unsigned kNonBlocking = 1;
  Stream stream = nullptr;
  driver().stream_create(&stream, kNonBlocking);
  return stream;
}

DevicePointer zeroed_status(Stream stream) {
  DevicePointer status = 0;
  driver().allocate(&status, sizeof(KernelStatus));
  driver().fill_bytes(status, 0, sizeof(KernelStatus), stream);
  return status;
}

}  // namespace

GpuFacts gpu_facts(int index) {
  constexpr int kMultiprocessors = 16, kMajor = 75, kMinor = 76, kSharedBytes = 97;  // CU_DEVICE_ATTRIBUTE_...
  int device = 0;
  driver().device(&device, index);
  std::array<char, 256> name{};
  driver().device_name(name.data(), static_cast<int>(name.size()) - 1, device);
  GpuFacts facts{.name = name.data(),
                 .arch = attribute(device, kMajor) * 10 + attribute(device, kMinor),
                 .multiprocessors = attribute(device, kMultiprocessors),
                 .shared_bytes = static_cast<size_t>(attribute(device, kSharedBytes))};
  driver().device_memory(&facts.memory_bytes, device);
  return facts;
}

Gpu::Gpu(int index)
    : device(Device::Kind::kCuda, index),
      facts(gpu_facts(index)),
      context(retained_context(index)),
      stream(new_stream()),
      memory(*this),
      staging(*this),
      checks(*this),
      idle_status(zeroed_status(stream)) {}

Gpu& Gpu::open(Device device) {
  invariant(device.kind == Device::Kind::kCuda, "the device is a GPU");
  (void)driver();
  if (device.index >= driver_state().devices || device.index >= kMaxDevices)
    throw RuntimeError(fmt::format("device {} is asked for, this machine has {} CUDA device{}", to_string(device),
                                   driver_state().devices, driver_state().devices == 1 ? "" : "s"),
                       "use cuda:0, or look at CUDA_VISIBLE_DEVICES");
  std::atomic<Gpu*>& slot = g_open[static_cast<size_t>(device.index)];
  Gpu* gpu = slot.load(std::memory_order_acquire);
  if (gpu == nullptr) {
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    gpu = slot.load();
    if (gpu == nullptr) slot.store(gpu = new Gpu(device.index), std::memory_order_release);
  }
  gpu->activate();
  return *gpu;
}

void Gpu::activate() const {
  static thread_local const Gpu* active = nullptr;
  if (active == this) return;
  driver().set_context(context);
  active = this;
}

void Gpu::wait() const {
  activate();
  driver().stream_synchronize(stream);
  clear_launches();
}

void Gpu::synchronize() {
  const Checks::Fetched fetched = checks.fetch();
  wait();
  checks.settle(fetched);
}

void settle_operations(Device device) {
  if (device.is_cpu() || device.index >= kMaxDevices) return;
  if (Gpu* gpu = g_open[static_cast<size_t>(device.index)].load(std::memory_order_acquire))
    gpu->checks.settle_operations();
}

}  // namespace sinter::runtime::cuda
