// In which phase each of some tasks runs. As early as can be while little memory is alive at one time; else about in
// the order given, which is the program's, so that a program needs what its operations need one after another, however
// many of them could run side by side. Test: tests/kernels/phases_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sinter::passes {

// Bytes that parallelism may cost beyond what one kernel after another needs: about what a core has of the caches, so
// that up to there an order costs no traffic to memory either.
inline constexpr size_t kSpareBytes = size_t{8} << 20;

struct Task {
  std::vector<uint32_t> after;         // tasks that must have ended, in earlier phases
  std::vector<uint32_t> reads, makes;  // values, each once; a value is made by one task
  bool instant = false;                // runs nothing: ends in the phase in which the last that it waits for ends
};

struct Phases {
  std::vector<int> of;  // by task; instant ones have none
  int count = 0;
  size_t peak = 0;  // bytes alive in the fullest phase
};

// bytes: by value, each of which a task makes; a value lives from the phase that makes it to the last that reads it.
// The peak is at most `spare` bytes above that of the tasks one by one, in the order of their numbers as far as `after`
// allows.
[[nodiscard]] Phases find_phases(std::span<const Task> tasks, std::span<const size_t> bytes, size_t spare);

}  // namespace sinter::passes
