// Device memory: buffers recycled by a caching allocator. Everything runs on the device's one stream, so that a block
// may be used again at once: whatever still reads it comes earlier in the stream.
#pragma once

#include <array>
#include <mutex>
#include <string>

#include "runtime/buffer.h"
#include "runtime/cuda/driver.h"
#include "runtime/size_class.h"
#include "support/location.h"

namespace sinter::runtime::cuda {

class Gpu;
struct DeviceBlock;

class DeviceMemory {
 public:
  explicit DeviceMemory(Gpu& gpu) : gpu_(gpu) {}

  // Not initialised, aligned to 256 bytes. RuntimeError when the device is full: what was asked, what is in use, and
  // the largest buffers with the user's lines that made them.
  [[nodiscard]] Buffer allocate(size_t bytes);
  [[nodiscard]] MemoryStatistics statistics() const;
  void reset_peak();
  // Gives what is cached back to the driver.
  void release_cached();

 private:
  static void release(BufferBlock* block);
  [[nodiscard]] DeviceBlock* cached(size_t bytes, uint32_t index);
  [[nodiscard]] DeviceBlock* fresh(size_t bytes, uint32_t index);
  void free_all_cached();
  [[noreturn]] void refuse(size_t bytes) const;
  void link(DeviceBlock& block, size_t bytes);

  Gpu& gpu_;
  mutable std::mutex mutex_;  // of what follows
  std::array<DeviceBlock*, kSizeClasses> free_{};
  DeviceBlock* live_ = nullptr;  // all blocks handed out, a list
  MemoryStatistics statistics_;
};

}  // namespace sinter::runtime::cuda
