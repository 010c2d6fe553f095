// Who touched which location of one launch, and whether anything ordered them: the race detector.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "tests/cuda_sim/host_abi.h"

namespace sinter::cuda_sim {

// One access. Epochs count the __syncthreads of the block, clocks those of a lane's __syncwarp.
struct Mark {
  uint32_t block = 0;  // 1 + its linear number; 0: no access
  uint32_t epoch = 0;
  uint32_t clock = 0;
  uint32_t code = 0;  // where in the shared object
  uint16_t thread = 0;
};

// A thread with what it knows of its warp: known[l] is lane l's clock at their last common __syncwarp.
struct Accessor {
  Mark mark;
  const std::array<uint32_t, 32>* known = nullptr;
};

// The earlier access that a new one races with.
struct Race {
  Mark earlier;
  SimAccess kind = kSimRead;
};

// Accesses to one stretch of memory. Locations are groups of four bytes, or single bytes where such were touched alone.
class Shadow {
 public:
  // of_block: every block has this memory for itself (shared memory).
  explicit Shadow(bool of_block = false) : of_block_(of_block) {}

  // Notes an access in launch number `launch`; earlier launches are forgotten.
  std::optional<Race> note(uint64_t launch, size_t offset, size_t bytes, SimAccess kind, const Accessor& by);

 private:
  // Accesses of one kind since the last write. Those of the newest block that its barriers have not yet ordered, and
  // one of any other block.
  struct Accesses {
    Mark other, first;
    std::vector<Mark> more;
  };
  struct Cell {
    Mark write;
    Accesses reads, atomics;
  };
  struct Page {
    uint64_t launch = 0;
    size_t grain = 4;
    std::vector<Cell> cells;
  };
  static constexpr size_t kPage = 1024;

  std::optional<Race> note(Cell& cell, SimAccess kind, const Accessor& by) const;
  [[nodiscard]] bool ordered(const Mark& earlier, const Accessor& by) const;
  [[nodiscard]] const Mark* unordered(const Accesses& accesses, const Accessor& by) const;
  void add(Accesses& accesses, const Mark& mark) const;

  bool of_block_;
  std::vector<std::unique_ptr<Page>> pages_;
};

}  // namespace sinter::cuda_sim
