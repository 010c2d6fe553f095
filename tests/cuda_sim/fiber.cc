#include "tests/cuda_sim/fiber.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstring>

#include "support/error.h"

asm(R"(
  .text
  .globl sinter_sim_switch
  .hidden sinter_sim_switch
  .type sinter_sim_switch, @function
sinter_sim_switch:
  push %rbp
  push %rbx
  push %r12
  push %r13
  push %r14
  push %r15
  mov %rsp, (%rdi)
  mov %rsi, %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbx
  pop %rbp
  ret
  .size sinter_sim_switch, . - sinter_sim_switch
)");

namespace sinter::cuda_sim {

FiberStacks::FiberStacks(size_t count) : count_(count) {
  void* base = mmap(nullptr, count * (kBytes + kGuard), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  invariant(base != MAP_FAILED, "there is room for the fibers' stacks");
  base_ = static_cast<std::byte*>(base);
  for (size_t i = 0; i < count; ++i) mprotect(base_ + i * (kBytes + kGuard), kGuard, PROT_NONE);
}

FiberStacks::~FiberStacks() { munmap(base_, count_ * (kBytes + kGuard)); }

void* FiberStacks::start(size_t fiber, void (*entry)()) const {
  // Six registers to pop, the address to return to, and then a stack as if `entry` had been called.
  constexpr size_t kRegisters = 6;
  std::byte* const top = low(fiber) + kBytes - 2 * sizeof(void*);
  auto* frame = reinterpret_cast<uintptr_t*>(top) - kRegisters;
  std::memset(frame, 0, kRegisters * sizeof *frame);
  frame[kRegisters] = reinterpret_cast<uintptr_t>(entry);
  frame[kRegisters + 1] = 0;
  return frame;
}

}  // namespace sinter::cuda_sim
