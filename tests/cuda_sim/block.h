// The threads of one block after another: when each runs, where they wait for each other, and what they may touch.
#pragma once

#include <algorithm>
#include <array>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "tests/cuda_sim/fiber.h"
#include "tests/cuda_sim/grid.h"

namespace sinter::cuda_sim {

class Block {
 public:
  Block(const Module& module, const std::string& name, const SimKernel& kernel, const Geometry& geometry,
        std::span<void* const> parameters, Memory& memory, const Order& order);

  // Runs the block with this linear number from start to end.
  void run(uint32_t number);

  template <class T>
  void arrange(std::vector<T>& list) {
    std::ranges::sort(list);
    if (order_.kind == Order::Kind::kDescending) std::ranges::reverse(list);
    if (order_.kind == Order::Kind::kRandom) std::ranges::shuffle(list, random_);
  }

  // The hooks, called on the running thread's fiber.
  [[nodiscard]] SimIndex thread_index() const;
  [[nodiscard]] SimIndex block_index() const;
  [[nodiscard]] const Geometry& geometry() const { return geometry_; }
  void access(const std::byte* at, size_t bytes, SimAccess kind, const void* from);
  void sync_threads(int line);
  uint64_t warp(SimWarpCall call, unsigned mask, uint64_t value, int source, int line);
  [[nodiscard]] unsigned active_mask() const { return 1U << (current_ % 32); }
  void trap(int line);
  void undefined(const char* what, int line);

 private:
  enum class State : uint8_t { kReady, kAtBarrier, kInWarp, kReturned };
  struct Thread {
    void* stack = nullptr;
    State state = State::kReady;
    int line = 0;  // where it waits
    SimWarpCall call = kSimSyncWarp;
    unsigned mask = 0;
    int source = 0;
    uint64_t value = 0, result = 0;
    std::array<uint32_t, 32> known{};  // clocks of its warp's lanes
  };

  static void entry();
  void give_way();
  [[noreturn]] void stop(FaultKind kind, const std::string& what);  // on a fiber
  [[nodiscard]] Fault fault(FaultKind kind, size_t thread, const std::string& what) const;
  void release_barrier();
  [[noreturn]] void explain_deadlock() const;
  void finish_warp(size_t first_lane, unsigned mask);
  [[nodiscard]] std::string whereabouts(size_t thread) const;
  void access_region(Region& region, const std::byte* at, size_t bytes, SimAccess kind, const void* from);
  [[noreturn]] void stop_outside(const std::byte* at, size_t bytes, SimAccess kind, const std::string& place);
  [[nodiscard]] std::string place(const void* from) const { return module_.place_of(module_.offset_of(from)); }

  const Module& module_;
  std::string name_;
  const SimKernel& kernel_;
  Geometry geometry_;
  std::span<void* const> parameters_;
  Memory& memory_;
  Order order_;
  std::mt19937_64 random_;
  uint64_t launch_;
  Region shared_;
  std::vector<Thread> threads_;
  std::vector<size_t> ready_;
  FiberStacks& stacks_;
  void* scheduler_ = nullptr;
  size_t current_ = 0;
  uint32_t block_ = 0, epoch_ = 0;
  std::optional<Fault> stopped_;
};

}  // namespace sinter::cuda_sim
