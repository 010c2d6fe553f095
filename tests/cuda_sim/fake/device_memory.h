// Memory of the fake devices: host memory at addresses that nothing else has, which cannot be touched except while the
// fake driver or a simulated kernel works on it. Addresses are never handed out twice.
#pragma once

#include <cstddef>
#include <map>

#include "tests/cuda_sim/memory.h"

namespace sinter::cuda_sim {

class DeviceMemory {
 public:
  explicit DeviceMemory(size_t capacity);

  // Null when the device is full.
  [[nodiscard]] std::byte* allocate(size_t bytes);
  // False when nothing was allocated there.
  bool free(std::byte* at);
  [[nodiscard]] size_t used() const { return used_; }
  [[nodiscard]] size_t buffers() const { return sizes_.size(); }
  [[nodiscard]] size_t capacity() const { return capacity_; }
  [[nodiscard]] Memory& regions() { return regions_; }
  void set_capacity(size_t capacity) { capacity_ = capacity; }

  // While one lives the memory can be touched.
  class Opened {
   public:
    explicit Opened(DeviceMemory& memory);
    ~Opened();
    Opened(const Opened&) = delete;
    Opened& operator=(const Opened&) = delete;

   private:
    DeviceMemory& memory_;
  };

 private:
  void protect(int how) const;

  size_t capacity_;
  std::byte *base_, *next_;
  size_t used_ = 0;
  int opened_ = 0;
  std::map<std::byte*, size_t> sizes_;
  Memory regions_;
};

}  // namespace sinter::cuda_sim
