// What the simulator finds wrong with a kernel or its launch.
#pragma once

#include <stdexcept>
#include <string>

namespace sinter::cuda_sim {

enum class FaultKind {
  kLaunch,         // geometry, shared memory or parameters that a device refuses
  kBounds,         // beside a buffer, or in no buffer at all
  kReadOnly,       // a write to an input
  kUninitialised,  // read before anything was written
  kMisaligned,     // address not a multiple of the access's size
  kRace,           // two threads, one location, one of them writes, nothing orders them
  kBarrier,        // __syncthreads that not all threads of the block reach
  kWarp,           // a warp's call whose mask names lanes that do not take part
  kUndefined,      // what C++ leaves undefined: overflow, shifts, local arrays left
  kTrap,           // __trap
};

struct Fault : std::runtime_error {
  Fault(FaultKind kind_of, const std::string& text) : std::runtime_error(text), kind(kind_of) {}
  FaultKind kind;
};

}  // namespace sinter::cuda_sim
