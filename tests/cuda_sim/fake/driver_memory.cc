// The fake driver: allocation, copies, fills, streams and events.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "tests/cuda_sim/fake/driver.h"

using namespace sinter::cuda_sim;

namespace {

using DevicePointer = unsigned long long;

std::byte* bytes_at(DevicePointer pointer) { return reinterpret_cast<std::byte*>(pointer); }

int valid(const Driver& driver, const FakeStream* stream) {
  return stream == nullptr || driver.streams.has(stream) ? kSuccess : kInvalidHandle;
}

int copy_on_device(Driver& driver, DevicePointer to, DevicePointer from, size_t bytes, FakeStream* stream) {
  if (const int code = valid(driver, stream)) return code;
  DeviceMemory *target = memory_of(to, bytes), *source = memory_of(from, bytes);
  if (bytes > 0 && (target == nullptr || source == nullptr)) return kInvalidValue;
  if (bytes == 0) return kSuccess;
  driver.enqueue([=] {
    const DeviceMemory::Opened open_target(*target), open_source(*source);
    std::memmove(bytes_at(to), bytes_at(from), bytes);
    note_copied(*target->regions().find(bytes_at(to)), bytes_at(to), *source->regions().find(bytes_at(from)),
                bytes_at(from), bytes);
  });
  return kSuccess;
}

template <class T>
int fill(Driver& driver, DevicePointer to, T value, size_t count, FakeStream* stream) {
  if (const int code = valid(driver, stream)) return code;
  DeviceMemory* target = memory_of(to, count * sizeof(T));
  if (count > 0 && (target == nullptr || to % sizeof(T) != 0)) return kInvalidValue;
  if (count == 0) return kSuccess;
  driver.enqueue([=] {
    const DeviceMemory::Opened open(*target);
    std::fill_n(reinterpret_cast<T*>(to), count, value);
    note_written(*target->regions().find(bytes_at(to)), bytes_at(to), count * sizeof(T));
  });
  return kSuccess;
}

double now() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

extern "C" {

int cuMemGetInfo_v2(size_t* available, size_t* total) {
  return call(Needs::kContext, "cuMemGetInfo_v2", "", [&](Driver&) {
    const DeviceMemory& memory = current_context()->memory;
    *total = memory.capacity();
    *available = *total - std::min(*total, memory.used());
    return kSuccess;
  });
}

int cuMemAlloc_v2(DevicePointer* pointer, size_t bytes) {
  return call(Needs::kContext, "cuMemAlloc_v2", fmt::format("{}", bytes), [&](Driver&) {
    if (bytes == 0) return kInvalidValue;
    std::byte* at = current_context()->memory.allocate(bytes);
    if (at == nullptr) return kOutOfMemory;
    *pointer = reinterpret_cast<DevicePointer>(at);
    return kSuccess;
  });
}

int cuMemFree_v2(DevicePointer pointer) {
  return call(Needs::kContext, "cuMemFree_v2", fmt::format("{:#x}", pointer), [&](Driver& driver) {
    driver.run_all();
    if (pointer == 0) return kSuccess;
    for (const auto& context : driver.contexts)
      if (context->memory.free(bytes_at(pointer))) return kSuccess;
    return kInvalidValue;
  });
}

int cuMemHostAlloc(void** pointer, size_t bytes, unsigned flags) {
  return call(Needs::kContext, "cuMemHostAlloc", fmt::format("{}, {}", bytes, flags), [&](Driver& driver) {
    constexpr size_t kPage = 4096;
    *pointer = std::aligned_alloc(kPage, (bytes + kPage - 1) / kPage * kPage);
    if (*pointer == nullptr) return kOutOfMemory;
    driver.pinned.emplace(*pointer, bytes);
    return kSuccess;
  });
}

int cuMemFreeHost(void* pointer) {
  return call(Needs::kContext, "cuMemFreeHost", "", [&](Driver& driver) {
    driver.run_all();
    if (driver.pinned.erase(pointer) == 0) return kInvalidValue;
    std::free(pointer);
    return kSuccess;
  });
}

int cuMemcpyHtoDAsync_v2(DevicePointer to, const void* from, size_t bytes, FakeStream* stream) {
  return call(Needs::kContext, "cuMemcpyHtoDAsync_v2", fmt::format("{:#x}, {}", to, bytes), [&](Driver& driver) -> int {
    if (const int code = valid(driver, stream)) return code;
    DeviceMemory* target = memory_of(to, bytes);
    if (bytes > 0 && target == nullptr) return kInvalidValue;
    if (bytes == 0) return kSuccess;
    // Pageable memory is copied aside before the call returns; pinned memory is read when the copy's turn comes.
    std::vector<std::byte> aside;
    if (!driver.is_pinned(from))
      aside.assign(static_cast<const std::byte*>(from), static_cast<const std::byte*>(from) + bytes);
    driver.enqueue([=, kept = std::move(aside)] {
      const DeviceMemory::Opened open(*target);
      std::memcpy(bytes_at(to), kept.empty() ? from : kept.data(), bytes);
      note_written(*target->regions().find(bytes_at(to)), bytes_at(to), bytes);
    });
    return kSuccess;
  });
}

int cuMemcpyDtoHAsync_v2(void* to, DevicePointer from, size_t bytes, FakeStream* stream) {
  return call(Needs::kContext, "cuMemcpyDtoHAsync_v2", fmt::format("{:#x}, {}", from, bytes),
              [&](Driver& driver) -> int {
                if (const int code = valid(driver, stream)) return code;
                DeviceMemory* source = memory_of(from, bytes);
                if (bytes > 0 && source == nullptr) return kInvalidValue;
                if (bytes == 0) return kSuccess;
                driver.enqueue([=] {
                  const DeviceMemory::Opened open(*source);
                  std::memcpy(to, bytes_at(from), bytes);
                });
                if (!driver.is_pinned(to)) driver.run_all();
                return kSuccess;
              });
}

int cuMemcpyDtoDAsync_v2(DevicePointer to, DevicePointer from, size_t bytes, FakeStream* stream) {
  return call(Needs::kContext, "cuMemcpyDtoDAsync_v2", fmt::format("{:#x}, {:#x}, {}", to, from, bytes),
              [&](Driver& driver) { return copy_on_device(driver, to, from, bytes, stream); });
}

int cuMemcpyPeerAsync(DevicePointer to, FakeContext*, DevicePointer from, FakeContext*, size_t bytes,
                      FakeStream* stream) {
  return call(Needs::kContext, "cuMemcpyPeerAsync", fmt::format("{:#x}, {:#x}, {}", to, from, bytes),
              [&](Driver& driver) { return copy_on_device(driver, to, from, bytes, stream); });
}

int cuMemsetD8Async(DevicePointer to, unsigned char value, size_t count, FakeStream* stream) {
  return call(Needs::kContext, "cuMemsetD8Async", fmt::format("{:#x}, {}, {}", to, value, count),
              [&](Driver& driver) { return fill(driver, to, value, count, stream); });
}

int cuMemsetD32Async(DevicePointer to, unsigned value, size_t count, FakeStream* stream) {
  return call(Needs::kContext, "cuMemsetD32Async", fmt::format("{:#x}, {}, {}", to, value, count),
              [&](Driver& driver) { return fill(driver, to, value, count, stream); });
}

int cuStreamCreate(FakeStream** stream, unsigned flags) {
  return call(Needs::kContext, "cuStreamCreate", fmt::format("{}", flags), [&](Driver& driver) {
    *stream = driver.streams.add(std::make_unique<FakeStream>(FakeStream{current_context()}));
    return kSuccess;
  });
}

int cuStreamDestroy_v2(FakeStream* stream) {
  return call(Needs::kContext, "cuStreamDestroy_v2", "",
              [&](Driver& driver) { return driver.streams.remove(stream) ? kSuccess : kInvalidHandle; });
}

int cuStreamSynchronize(FakeStream* stream) {
  return call(Needs::kContext, "cuStreamSynchronize", "", [&](Driver& driver) {
    if (const int code = valid(driver, stream)) return code;
    driver.run_all();
    return driver.sticky;
  });
}

int cuStreamQuery(FakeStream* stream) {
  return call(Needs::kContext, "cuStreamQuery", "", [&](Driver& driver) {
    if (const int code = valid(driver, stream)) return code;
    if (!driver.waiting.empty()) driver.run_one();
    return driver.waiting.empty() ? driver.sticky : kNotReady;
  });
}

int cuStreamWaitEvent(FakeStream* stream, FakeEvent* event, unsigned) {
  return call(Needs::kContext, "cuStreamWaitEvent", "", [&](Driver& driver) {
    return driver.events.has(event) ? valid(driver, stream) : kInvalidHandle;  // one queue: always in order
  });
}

int cuEventCreate(FakeEvent** event, unsigned flags) {
  return call(Needs::kContext, "cuEventCreate", fmt::format("{}", flags), [&](Driver& driver) {
    *event = driver.events.add(std::make_unique<FakeEvent>());
    return kSuccess;
  });
}

int cuEventDestroy_v2(FakeEvent* event) {
  return call(Needs::kContext, "cuEventDestroy_v2", "", [&](Driver& driver) {
    driver.run_all();
    return driver.events.remove(event) ? kSuccess : kInvalidHandle;
  });
}

int cuEventRecord(FakeEvent* event, FakeStream* stream) {
  return call(Needs::kContext, "cuEventRecord", "", [&](Driver& driver) {
    if (const int code = valid(driver, stream)) return code;
    if (!driver.events.has(event)) return +kInvalidHandle;
    event->pending = true;
    driver.enqueue([event] {
      event->pending = false;
      event->milliseconds = now();
    });
    return +kSuccess;
  });
}

int cuEventQuery(FakeEvent* event) {
  return call(Needs::kContext, "cuEventQuery", "", [&](Driver& driver) {
    if (!driver.events.has(event)) return +kInvalidHandle;
    if (event->pending && !driver.waiting.empty()) driver.run_one();  // who asks often gets there
    if (driver.sticky != 0) return driver.sticky;
    return event->pending ? +kNotReady : +kSuccess;
  });
}

int cuEventSynchronize(FakeEvent* event) {
  return call(Needs::kContext, "cuEventSynchronize", "", [&](Driver& driver) {
    if (!driver.events.has(event)) return +kInvalidHandle;
    while (event->pending && !driver.waiting.empty()) driver.run_one();
    return driver.sticky;
  });
}

int cuEventElapsedTime(float* milliseconds, FakeEvent* from, FakeEvent* to) {
  return call(Needs::kContext, "cuEventElapsedTime", "", [&](Driver& driver) {
    if (!driver.events.has(from) || !driver.events.has(to)) return kInvalidHandle;
    if (from->pending || to->pending) return kNotReady;
    *milliseconds = static_cast<float>(to->milliseconds - from->milliseconds);
    return kSuccess;
  });
}

int cuEventElapsedTime_v2(float* milliseconds, FakeEvent* from, FakeEvent* to) {
  return cuEventElapsedTime(milliseconds, from, to);
}

}  // extern "C"
