#include "tests/cuda_sim/run_code.h"

#include <algorithm>
#include <cstring>

namespace sinter::cuda_sim {
namespace {

constexpr size_t kGap = 4096, kAlignment = 256;

int64_t product(std::span<const runtime::KernelCode::Factor> factors, std::span<const int64_t> symbols) {
  int64_t total = 1;
  for (const auto& factor : factors) {
    const int64_t extent = factor.symbol < 0 ? factor.extent : symbols[static_cast<size_t>(factor.symbol)];
    total *= (extent + factor.divisor - 1) / factor.divisor;
  }
  return total;
}

}  // namespace

void DeviceBuffers::add(const Facts& facts, std::span<const std::byte> initial, size_t offset) {
  Placed placed{.storage = std::vector<std::byte>(initial.size() + 2 * kGap), .data = nullptr, .size = initial.size()};
  const auto begin = reinterpret_cast<uintptr_t>(placed.storage.data()) + kGap / 2;
  placed.data = reinterpret_cast<std::byte*>((begin + kAlignment - 1) / kAlignment * kAlignment) + offset;
  std::ranges::copy(initial, placed.data);
  memory_.add(facts.name, placed.data, placed.size, facts.writable, facts.contents);
  buffers_.push_back(std::move(placed));
}

runtime::KernelStatus run_code(const Module& module, std::span<const runtime::CudaEntry> entries,
                               std::span<const runtime::KernelCode::Factor> scratch, DeviceBuffers& buffers,
                               std::span<const int64_t> symbols, const RunOptions& options) {
  runtime::KernelStatus status, gate{.failed = options.gate_closed ? 1 : 0};
  const size_t user_buffers = buffers.size();
  constexpr std::byte kGarbage{0xff};
  if (!scratch.empty())
    buffers.add({.name = "scratch", .writable = true, .contents = Contents::kUnspecified},
                std::vector<std::byte>(static_cast<size_t>(product(scratch, symbols)), kGarbage));
  const auto bytes_of = [](runtime::KernelStatus& of) { return std::as_writable_bytes(std::span(&of, 1)); };
  buffers.memory().add("status", bytes_of(status).data(), sizeof status, true);
  buffers.memory().add("gate", bytes_of(gate).data(), sizeof gate, false);

  std::vector<const void*> pointers;
  std::vector<int64_t> numbers(symbols.begin(), symbols.end());
  for (size_t b = 0; b < user_buffers; ++b) pointers.push_back(buffers.bytes(b).data());
  const void* scratch_at = scratch.empty() ? nullptr : buffers.bytes(user_buffers).data();
  const void *status_at = &status, *gate_at = options.gate_closed ? &gate : nullptr;
  std::vector<void*> parameters;
  for (const void*& pointer : pointers) parameters.push_back(static_cast<void*>(&pointer));
  for (int64_t& number : numbers) parameters.push_back(&number);
  for (const void** last : {&scratch_at, &status_at, &gate_at}) parameters.push_back(static_cast<void*>(last));
  int64_t first_check = 0;
  const SimKernel* kernel = module.find(entries[0].symbol);
  if (kernel != nullptr && static_cast<size_t>(kernel->parameters) > parameters.size())
    parameters.push_back(&first_check);  // it checks indices

  for (const runtime::CudaEntry& entry : entries) {
    const int64_t blocks = std::min({product(entry.blocks, symbols), entry.max_blocks, options.max_blocks});
    if (blocks == 0) continue;
    const Limits limits{.shared_bytes =
                            std::max(Limits().shared_bytes, std::min(entry.shared_bytes, Limits().opted_in))};
    launch(module, entry.symbol,
           {.grid = {static_cast<unsigned>(blocks), 1, 1},
            .block = {static_cast<unsigned>(entry.threads), 1, 1},
            .shared_bytes = entry.shared_bytes},
           parameters, buffers.memory(), options.order, limits);
  }
  return status;
}

}  // namespace sinter::cuda_sim
