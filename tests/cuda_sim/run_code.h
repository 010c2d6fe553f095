// Runs generated kernels in the simulator as the runtime would launch them: entries one after another, with scratch,
// status and gate, on buffers of exact size.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "runtime/cuda/code.h"
#include "runtime/program.h"
#include "tests/cuda_sim/grid.h"

namespace sinter::cuda_sim {

// Buffers of one launch, far from each other, so that whoever leaves one is in none.
class DeviceBuffers {
 public:
  struct Facts {
    std::string name;
    bool writable = true;
    Contents contents = Contents::kGiven;
  };
  // offset: bytes by which the buffer misses an address divisible by 256.
  void add(const Facts& facts, std::span<const std::byte> initial, size_t offset = 0);

  [[nodiscard]] std::span<std::byte> bytes(size_t buffer) { return {buffers_[buffer].data, buffers_[buffer].size}; }
  [[nodiscard]] size_t size() const { return buffers_.size(); }
  [[nodiscard]] Memory& memory() { return memory_; }

 private:
  struct Placed {
    std::vector<std::byte> storage;
    std::byte* data;
    size_t size;
  };
  std::vector<Placed> buffers_;
  Memory memory_;
};

struct RunOptions {
  Order order;
  int64_t max_blocks = INT32_MAX;  // any number of blocks must give the same result
  bool gate_closed = false;
};

// The status the kernel leaves. Throws Fault.
runtime::KernelStatus run_code(const Module& module, std::span<const runtime::CudaEntry> entries,
                               std::span<const runtime::KernelCode::Factor> scratch, DeviceBuffers& buffers,
                               std::span<const int64_t> symbols, const RunOptions& options);

}  // namespace sinter::cuda_sim
