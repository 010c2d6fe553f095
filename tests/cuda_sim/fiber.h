// Threads of a block as fibers: each has a stack of its own and runs until it gives way.
#pragma once

#include <cstddef>

namespace sinter::cuda_sim {

// Saves the running stack in *from and goes on where `to` was saved.
extern "C" void sinter_sim_switch(void** from, void* to);

// Stacks for the threads of one block, with a forbidden page below each.
class FiberStacks {
 public:
  static constexpr size_t kBytes = 1 << 16, kGuard = 1 << 12;

  explicit FiberStacks(size_t count);
  ~FiberStacks();
  FiberStacks(const FiberStacks&) = delete;
  FiberStacks& operator=(const FiberStacks&) = delete;

  [[nodiscard]] std::byte* low(size_t fiber) const { return base_ + fiber * (kBytes + kGuard) + kGuard; }
  // What to switch to so that `entry` starts on this fiber's stack; it must never return.
  [[nodiscard]] void* start(size_t fiber, void (*entry)()) const;

 private:
  size_t count_;
  std::byte* base_;
};

}  // namespace sinter::cuda_sim
