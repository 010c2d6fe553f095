// Runs one __global__ function over a grid, one thread after another in a chosen order, and checks every access.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "tests/cuda_sim/fault.h"
#include "tests/cuda_sim/memory.h"
#include "tests/cuda_sim/module.h"

namespace sinter::cuda_sim {

struct Geometry {
  SimIndex grid{1, 1, 1};
  SimIndex block{1, 1, 1};
  size_t shared_bytes = 0;
};

// What a device and its driver allow.
struct Limits {
  size_t shared_bytes = 48 << 10;  // without opting in to more
  size_t opted_in = 227 << 10;     // cuFuncSetAttribute(MAX_DYNAMIC_SHARED_SIZE_BYTES) at most
  unsigned threads = 1024;
};

// The order in which blocks run, and threads of a block between barriers. kRandom also changes threads at atomics.
struct Order {
  enum class Kind : uint8_t { kAscending, kDescending, kRandom };
  Kind kind = Kind::kAscending;
  uint64_t seed = 0;
};

// Throws Fault when a device refuses this launch. max_threads: of the kernel's launch bounds, or 0.
void check_geometry(const std::string& kernel, int max_threads, const Geometry& geometry, const Limits& limits);

// Throws Fault for the first thing that is wrong. One launch at a time runs in a process; others wait.
void launch(const Module& module, const std::string& kernel, const Geometry& geometry,
            std::span<void* const> parameters, Memory& memory, const Order& order = {}, const Limits& limits = {});

}  // namespace sinter::cuda_sim
