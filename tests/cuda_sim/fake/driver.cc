#include "tests/cuda_sim/fake/driver.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

#include "support/error.h"

namespace sinter::cuda_sim {

Driver& fake_driver() {
  static Driver& made = *new Driver;
  return made;
}

FakeContext*& current_context() {
  static thread_local FakeContext* context = nullptr;
  return context;
}

void Driver::enqueue(std::function<void()> work) {
  waiting.push_back(std::move(work));
  if (!settings.late) run_all();
}

void Driver::run_one() {
  const std::function<void()> work = std::move(waiting.front());
  waiting.pop_front();
  if (sticky != 0) return;
  try {
    work();
  } catch (const Fault& found) {
    fault = found.what();
    sticky = code_of(found.kind);
    std::fprintf(stderr, "simulated CUDA fault: %s\n", found.what());
  }
}

void Driver::run_all() {
  while (!waiting.empty()) run_one();
}

bool Driver::is_pinned(const void* at) const {
  return std::ranges::any_of(pinned, [at](const auto& block) {
    const auto* begin = static_cast<const std::byte*>(block.first);
    return at >= begin && at < begin + block.second;
  });
}

DeviceMemory* memory_of(unsigned long long address, size_t bytes) {
  for (const auto& context : fake_driver().contexts)
    if (context->memory.regions().find(reinterpret_cast<const std::byte*>(address), bytes) != nullptr)
      return &context->memory;
  return nullptr;
}

bool is_sticky(int code) {
  constexpr std::array kCodes{214, 226, 700, 702, 714, 715, 716, 717, 718, 719, 999};
  return std::ranges::find(kCodes, code) != kCodes.end();
}

int code_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::kLaunch:
      return kInvalidValue;
    case FaultKind::kBounds:
    case FaultKind::kReadOnly:
      return kIllegalAddress;
    case FaultKind::kMisaligned:
      return kMisalignedAddress;
    default:
      return kLaunchFailed;
  }
}

size_t maximum_shared(int arch) {
  constexpr size_t kKibi = 1024;
  if (arch >= 90) return 227 * kKibi;
  if (arch == 80 || arch == 87) return 163 * kKibi;
  return (arch >= 86 ? 99 : 64) * kKibi;
}

}  // namespace sinter::cuda_sim

using namespace sinter::cuda_sim;

namespace {

constexpr int kMultiprocessors = 4;

struct NamedCode {
  int code;
  const char* name;
  const char* text;
};
constexpr NamedCode kNames[] = {
    {kSuccess, "CUDA_SUCCESS", "no error"},
    {kInvalidValue, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {kOutOfMemory, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {kNotInitialized, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {kNoDevice, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {kInvalidDevice, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {kInvalidImage, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {kInvalidContext, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {kNoBinary, "CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image is available for execution on the device"},
    {kInvalidHandle, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {kNotFound, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {kNotReady, "CUDA_ERROR_NOT_READY", "device not ready"},
    {kIllegalAddress, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {kMisalignedAddress, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
    {kLaunchFailed, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "system has unsupported display driver / cuda driver combination"},
    {999, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

const NamedCode* named(int code) {
  const auto* found = std::ranges::find(kNames, code, &NamedCode::code);
  return found == std::end(kNames) ? nullptr : found;
}

}  // namespace

extern "C" {

int cuInit(unsigned flags) {
  return call(Needs::kNothing, "cuInit", fmt::format("{}", flags), [](Driver& driver) {
    if (driver.settings.devices == 0) return kNoDevice;
    driver.initialized = true;
    while (driver.contexts.size() < static_cast<size_t>(driver.settings.devices))
      driver.contexts.push_back(std::make_unique<FakeContext>(FakeContext{
          .device = static_cast<int>(driver.contexts.size()), .memory = DeviceMemory(driver.settings.memory)}));
    return kSuccess;
  });
}

int cuDriverGetVersion(int* version) {
  return call(Needs::kNothing, "cuDriverGetVersion", "", [&](Driver& driver) {
    *version = driver.settings.version;
    return kSuccess;
  });
}

int cuDeviceGetCount(int* count) {
  return call(Needs::kInit, "cuDeviceGetCount", "", [&](Driver& driver) {
    *count = driver.settings.devices;
    return kSuccess;
  });
}

int cuDeviceGet(int* device, int index) {
  return call(Needs::kInit, "cuDeviceGet", fmt::format("{}", index), [&](Driver& driver) {
    if (index < 0 || index >= driver.settings.devices) return kInvalidDevice;
    *device = index;
    return kSuccess;
  });
}

int cuDeviceGetName(char* name, int bytes, int device) {
  return call(Needs::kInit, "cuDeviceGetName", fmt::format("{}", device), [&](Driver&) {
    std::snprintf(name, static_cast<size_t>(bytes), "Simulated GPU %d", device);
    return kSuccess;
  });
}

int cuDeviceGetAttribute(int* value, int attribute, int device) {
  return call(Needs::kInit, "cuDeviceGetAttribute", fmt::format("{}, {}", attribute, device), [&](Driver& driver) {
    switch (attribute) {  // CU_DEVICE_ATTRIBUTE_...
      case 1:             // MAX_THREADS_PER_BLOCK
        *value = static_cast<int>(Limits().threads);
        break;
      case 8:  // MAX_SHARED_MEMORY_PER_BLOCK
        *value = static_cast<int>(Limits().shared_bytes);
        break;
      case 10:  // WARP_SIZE
        *value = 32;
        break;
      case 16:  // MULTIPROCESSOR_COUNT
        *value = kMultiprocessors;
        break;
      case 39:  // MAX_THREADS_PER_MULTIPROCESSOR
        *value = 2048;
        break;
      case 41:  // UNIFIED_ADDRESSING
        *value = 1;
        break;
      case 75:  // COMPUTE_CAPABILITY_MAJOR
        *value = driver.settings.arch / 10;
        break;
      case 76:  // COMPUTE_CAPABILITY_MINOR
        *value = driver.settings.arch % 10;
        break;
      case 97:  // MAX_SHARED_MEMORY_PER_BLOCK_OPTIN
        *value = static_cast<int>(maximum_shared(driver.settings.arch));
        break;
      default:
        return kInvalidValue;
    }
    return kSuccess;
  });
}

int cuDeviceTotalMem_v2(size_t* bytes, int device) {
  return call(Needs::kInit, "cuDeviceTotalMem_v2", fmt::format("{}", device), [&](Driver& driver) {
    *bytes = driver.settings.memory;
    return kSuccess;
  });
}

int cuDevicePrimaryCtxRetain(FakeContext** context, int device) {
  return call(Needs::kInit, "cuDevicePrimaryCtxRetain", fmt::format("{}", device), [&](Driver& driver) {
    *context = driver.contexts.at(static_cast<size_t>(device)).get();
    ++(*context)->retained;
    return kSuccess;
  });
}

int cuDevicePrimaryCtxRelease_v2(int device) {
  return call(Needs::kInit, "cuDevicePrimaryCtxRelease_v2", fmt::format("{}", device), [&](Driver& driver) {
    return --driver.contexts.at(static_cast<size_t>(device))->retained < 0 ? kInvalidContext : kSuccess;
  });
}

int cuCtxSetCurrent(FakeContext* context) {
  return call(Needs::kInit, "cuCtxSetCurrent", context == nullptr ? "none" : fmt::format("device {}", context->device),
              [&](Driver&) {
                if (context != nullptr && context->retained == 0) return kInvalidContext;
                current_context() = context;
                return kSuccess;
              });
}

int cuCtxGetCurrent(FakeContext** context) {
  return call(Needs::kInit, "cuCtxGetCurrent", "", [&](Driver&) {
    *context = current_context();
    return kSuccess;
  });
}

int cuCtxSynchronize() {
  return call(Needs::kContext, "cuCtxSynchronize", "", [&](Driver& driver) {
    driver.run_all();
    return driver.sticky;
  });
}

int cuGetErrorName(int code, const char** name) {
  const NamedCode* found = named(code);
  *name = found == nullptr ? nullptr : found->name;
  return found == nullptr ? kInvalidValue : kSuccess;
}

int cuGetErrorString(int code, const char** text) {
  const NamedCode* found = named(code);
  *text = found == nullptr ? nullptr : found->text;
  return found == nullptr ? kInvalidValue : kSuccess;
}

// For tests (fake_cuda.h).
void fake_cuda_configure(const char* words) {
  Driver& driver = fake_driver();
  const std::lock_guard lock(driver.mutex);
  driver.settings.failures.clear();
  driver.log.clear();
  driver.sticky = 0;
  driver.fault.clear();
  apply(driver.settings, words);
  for (const auto& context : driver.contexts) context->memory.set_capacity(driver.settings.memory);
}

const char* fake_cuda_log() {
  static std::string text;
  const std::lock_guard lock(fake_driver().mutex);
  text = fake_driver().log.text();
  return text.c_str();
}

unsigned long fake_cuda_calls(const char* name) {
  const std::lock_guard lock(fake_driver().mutex);
  return fake_driver().log.count(name);
}

const char* fake_cuda_fault() {
  static std::string text;
  const std::lock_guard lock(fake_driver().mutex);
  text = fake_driver().fault;
  return text.c_str();
}

const char* fake_cuda_live() {
  static std::string text;
  Driver& driver = fake_driver();
  const std::lock_guard lock(driver.mutex);
  size_t buffers = 0, bytes = 0;
  for (const auto& context : driver.contexts) {
    buffers += context->memory.buffers();
    bytes += context->memory.used();
  }
  text = fmt::format(
      "buffers {}, bytes {}, pinned {}, modules {}, streams {}, events {}, graphs {}, executables {}, "
      "waiting {}",
      buffers, bytes, driver.pinned.size(), driver.modules.size(), driver.streams.size(), driver.events.size(),
      driver.graphs.size(), driver.executables.size(), driver.waiting.size());
  return text.c_str();
}

}  // extern "C"
