// Storage of tensors: shared, 64-byte aligned, recycled by a caching allocator of the process.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>

#include "support/device.h"

namespace sinter::runtime {

inline constexpr size_t kBufferAlignment = 64;

// What a buffer shares among its handles. Lies in front of the bytes where the allocator made both.
struct BufferBlock {
  std::byte* data = nullptr;
  size_t size = 0;
  void (*release)(BufferBlock*) = nullptr;  // called when the last handle goes
  std::atomic<uint32_t> handles{1};
  uint32_t size_class = 0;
  Device device;                // where `data` lies; the host must not touch other devices' bytes
  BufferBlock* next = nullptr;  // in the free list
};

// A handle to shared bytes. Copies share; the bytes go when the last handle does. Handles of one buffer may be copied
// and dropped by several threads.
class Buffer {
 public:
  Buffer() = default;  // no bytes
  // Bytes of its own, not initialised, aligned to kBufferAlignment. RuntimeError names the bytes asked when memory is
  // refused.
  [[nodiscard]] static Buffer allocate(size_t bytes);
  // The caller's memory, used in place; `done`, if given, is called when the last handle goes. Any alignment.
  [[nodiscard]] static Buffer from_blob(void* data, size_t bytes, std::function<void()> done = nullptr);

  // A handle to a block that somebody else made (device allocators), which counts one handle already.
  [[nodiscard]] static Buffer adopt(BufferBlock* block) { return Buffer(block); }

  Buffer(const Buffer& other) : block_(other.block_) {
    if (block_ != nullptr) block_->handles.fetch_add(1, std::memory_order_relaxed);
  }
  Buffer(Buffer&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Buffer& operator=(Buffer other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Buffer() {
    if (block_ != nullptr && block_->handles.fetch_sub(1, std::memory_order_acq_rel) == 1) block_->release(block_);
  }

  [[nodiscard]] std::byte* data() const { return block_ != nullptr ? block_->data : nullptr; }
  [[nodiscard]] size_t size() const { return block_ != nullptr ? block_->size : 0; }
  [[nodiscard]] Device device() const { return block_ != nullptr ? block_->device : Device(); }
  template <class T>
  [[nodiscard]] T* as() const {
    return reinterpret_cast<T*>(data());
  }
  // Whether this is the only handle, so that its bytes may be overwritten unseen.
  [[nodiscard]] bool unique() const {
    return block_ != nullptr && block_->handles.load(std::memory_order_acquire) == 1;
  }
  // Whether the bytes are the caller's (from_blob).
  [[nodiscard]] bool borrowed() const;
  [[nodiscard]] bool shares_with(const Buffer& other) const { return block_ == other.block_; }

 private:
  explicit Buffer(BufferBlock* block) : block_(block) {}
  BufferBlock* block_ = nullptr;
};

struct MemoryStatistics {
  int64_t live_bytes = 0;         // asked for by buffers that exist
  int64_t peak_bytes = 0;         // the most that live_bytes was since reset_peak_memory()
  int64_t cached_bytes = 0;       // kept for later buffers
  int64_t allocations = 0;        // buffers handed out
  int64_t fresh_allocations = 0;  // those for which the system was asked
};
// Of all buffers that allocate() made. Read one by one while others run.
[[nodiscard]] MemoryStatistics memory_statistics();
void reset_peak_memory();

// Gives all cached memory back to the system.
void release_cached_memory();
// At most this much is cached; what is freed beyond goes back to the system. Default: a quarter of the machine's
// memory.
void set_memory_cache_limit(size_t bytes);

// Guarded memory, for debugging: every buffer ends (its size rounded up to the alignment) at a page that cannot be
// touched, another lies before it; its bytes start as NaN, and when it goes its pages do too, so that late use
// faults. Writes between the buffer and those pages are found when it goes, and end the process. On when SINTER_DEBUG
// >= 4.
class GuardedMemoryScope {
 public:
  GuardedMemoryScope();
  ~GuardedMemoryScope();
  GuardedMemoryScope(const GuardedMemoryScope&) = delete;
  GuardedMemoryScope& operator=(const GuardedMemoryScope&) = delete;
};
[[nodiscard]] bool memory_is_guarded();

// Fills dead bytes with a pattern that is NaN as f32 and f64.
void poison(std::span<std::byte> bytes);

}  // namespace sinter::runtime
