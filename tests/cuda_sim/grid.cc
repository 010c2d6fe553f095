#include "tests/cuda_sim/grid.h"

#include <fmt/format.h>

#include <mutex>
#include <numeric>

#include "support/float_mode.h"
#include "tests/cuda_sim/block.h"

namespace sinter::cuda_sim {
void check_geometry(const std::string& kernel, int max_threads, const Geometry& geometry, const Limits& limits) {
  const auto refuse = [&](const std::string& why) {
    throw Fault(FaultKind::kLaunch, fmt::format("kernel {}: {}", kernel, why));
  };
  const auto& [grid, block, shared_bytes] = geometry;
  const uint64_t threads = uint64_t{block.x} * block.y * block.z;
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || threads == 0) refuse("a grid or block of nothing");
  if (threads > limits.threads) refuse(fmt::format("{} threads in a block, {} at most", threads, limits.threads));
  if (max_threads > 0 && threads > static_cast<uint64_t>(max_threads))
    refuse(fmt::format("{} threads in a block, its launch bounds are {}", threads, max_threads));
  if (grid.x > INT32_MAX || grid.y > UINT16_MAX || grid.z > UINT16_MAX || block.z > 64)
    refuse(fmt::format("grid {} x {} x {} is too large", grid.x, grid.y, grid.z));
  if (shared_bytes > limits.shared_bytes)
    refuse(fmt::format("{} bytes of shared memory, {} at most here, {} where asked for", shared_bytes,
                       limits.shared_bytes, limits.opted_in));
}

void launch(const Module& module, const std::string& name, const Geometry& geometry, std::span<void* const> parameters,
            Memory& memory, const Order& order, const Limits& limits) {
  static std::mutex one_launch;
  const std::lock_guard lock(one_launch);
  const SimKernel* kernel = module.find(name);
  if (kernel == nullptr) throw Fault(FaultKind::kLaunch, fmt::format("the module has no kernel {}", name));
  check_geometry(name, kernel->max_threads, geometry, limits);
  if (parameters.size() != static_cast<size_t>(kernel->parameters))
    throw Fault(FaultKind::kLaunch,
                fmt::format("kernel {}: {} parameters given, it has {}", name, parameters.size(), kernel->parameters));
  const FloatModeScope mode(kDefaultFloatMode | (module.flushes_denormals() ? kFlushDenormals : 0));
  Block block(module, name, *kernel, geometry, parameters, memory, order);
  const uint64_t blocks = uint64_t{geometry.grid.x} * geometry.grid.y * geometry.grid.z;
  std::vector<uint32_t> numbers(blocks);
  std::iota(numbers.begin(), numbers.end(), 0U);
  block.arrange(numbers);
  for (const uint32_t number : numbers) block.run(number);
}

}  // namespace sinter::cuda_sim
