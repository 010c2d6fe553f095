// Copies between host and device through pinned memory of Sinter's own: what goes to the device is copied aside at
// once, so that the caller's memory is free when the call returns, and arrives in stream order.
#pragma once

#include <mutex>
#include <vector>

#include "runtime/cuda/driver.h"

namespace sinter::runtime::cuda {

class Gpu;

class Staging {
 public:
  explicit Staging(Gpu& gpu) : gpu_(gpu) {}
  // Returns before the bytes have arrived; what is launched later sees them.
  void to_device(DevicePointer to, const void* from, size_t bytes);
  // Waits for all earlier work on the device. Index checks are not looked at.
  void to_host(void* to, DevicePointer from, size_t bytes);

 private:
  struct Piece {
    void* pinned = nullptr;
    size_t bytes = 0;
    Event copied = nullptr;  // recorded after the last copy out of it
    bool in_flight = false;
  };
  Piece& take(size_t bytes);

  Gpu& gpu_;
  std::mutex mutex_;
  std::vector<Piece> pieces_;
  size_t next_ = 0;
};

}  // namespace sinter::runtime::cuda
