#include "runtime/cuda/memory.h"

#include <algorithm>
#include <vector>

#include "runtime/cuda/gpu.h"
#include "support/error.h"

namespace sinter::runtime::cuda {

struct DeviceBlock : BufferBlock {
  DeviceMemory* owner = nullptr;
  size_t capacity = 0;
  Location made_at;
  DeviceBlock *before = nullptr, *after = nullptr;  // among the live ones
};

namespace {

constexpr uint32_t kSmallest = size_class(512);

// What a new block has: its class's size, but large ones waste no quarter of themselves.
size_t capacity_for(size_t bytes, uint32_t index) {
  constexpr size_t kLarge = size_t{16} << 20, kPage = size_t{2} << 20;
  return bytes < kLarge ? class_bytes(index) : (bytes + kPage - 1) / kPage * kPage;
}

DevicePointer address(const DeviceBlock& block) { return reinterpret_cast<DevicePointer>(block.data); }

std::string mebibytes(int64_t bytes) { return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20)); }

}  // namespace

void DeviceMemory::link(DeviceBlock& block, size_t bytes) {
  block.size = bytes;
  block.handles.store(1, std::memory_order_relaxed);
  block.made_at = current_location();
  block.before = nullptr;
  block.after = live_;
  if (live_ != nullptr) live_->before = &block;
  live_ = &block;
  ++statistics_.allocations;
  statistics_.live_bytes += static_cast<int64_t>(bytes);
  statistics_.peak_bytes = std::max(statistics_.peak_bytes, statistics_.live_bytes);
}

void DeviceMemory::release(BufferBlock* shared) {
  auto* block = static_cast<DeviceBlock*>(shared);
  DeviceMemory& memory = *block->owner;
  const std::lock_guard lock(memory.mutex_);
  (block->before != nullptr ? block->before->after : memory.live_) = block->after;
  if (block->after != nullptr) block->after->before = block->before;
  memory.statistics_.live_bytes -= static_cast<int64_t>(block->size);
  memory.statistics_.cached_bytes += static_cast<int64_t>(block->capacity);
  block->after = memory.free_[block->size_class];
  memory.free_[block->size_class] = block;
}

DeviceBlock* DeviceMemory::cached(size_t bytes, uint32_t index) {
  DeviceBlock** link = &free_[index];
  while (*link != nullptr && (*link)->capacity < bytes) link = &(*link)->after;
  DeviceBlock* block = *link;
  if (block == nullptr) return nullptr;
  *link = block->after;
  statistics_.cached_bytes -= static_cast<int64_t>(block->capacity);
  return block;
}

DeviceBlock* DeviceMemory::fresh(size_t bytes, uint32_t index) {
  gpu_.activate();
  DevicePointer pointer = 0;
  const size_t capacity = capacity_for(bytes, index);
  const int code = driver().allocate.attempt(&pointer, capacity);
  if (code == kOutOfMemory) return nullptr;
  if (code != kSuccess) report(driver().allocate.name, code);
  ++statistics_.fresh_allocations;
  auto* block = new DeviceBlock;
  block->data = reinterpret_cast<std::byte*>(pointer);
  block->release = release;
  block->size_class = index;
  block->device = gpu_.device;
  block->owner = this;
  block->capacity = capacity;
  return block;
}

void DeviceMemory::refuse(size_t bytes) const {
  size_t available = 0, total = 0;
  (void)driver().memory_info.attempt(&available, &total);
  std::vector<const DeviceBlock*> blocks;
  for (const DeviceBlock* block = live_; block != nullptr; block = block->after) blocks.push_back(block);
  std::ranges::stable_sort(blocks, std::ranges::greater(), [](const DeviceBlock* block) { return block->size; });
  std::string problem = fmt::format(
      "cannot allocate {} ({} bytes) on {} ({}): {} of {} are free, {} are in use by {} buffers of this process",
      mebibytes(static_cast<int64_t>(bytes)), bytes, to_string(gpu_.device), gpu_.facts.name,
      mebibytes(static_cast<int64_t>(available)), mebibytes(static_cast<int64_t>(total)),
      mebibytes(statistics_.live_bytes), blocks.size());
  constexpr size_t kNamed = 5;
  if (!blocks.empty()) problem += "; the largest:";
  for (size_t i = 0; i < std::min(blocks.size(), kNamed); ++i)
    problem += fmt::format("\n  {} made {}", mebibytes(static_cast<int64_t>(blocks[i]->size)),
                           blocks[i]->made_at.known() ? "at " + to_string(blocks[i]->made_at) : "by the library");
  throw RuntimeError(problem, "use a smaller batch or model, or free tensors that are no longer needed");
}

void DeviceMemory::free_all_cached() {
  gpu_.activate();
  for (DeviceBlock*& list : free_)
    while (list != nullptr) {
      DeviceBlock* unused = list;
      list = unused->after;
      statistics_.cached_bytes -= static_cast<int64_t>(unused->capacity);
      const DevicePointer pointer = address(*unused);
      delete unused;
      driver().free(pointer);  // waits for what still uses it
    }
}

void DeviceMemory::release_cached() {
  const std::lock_guard lock(mutex_);
  free_all_cached();
}

Buffer DeviceMemory::allocate(size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes > kLargestBlock) refuse(bytes);
  const uint32_t index = std::max(size_class(bytes), kSmallest);
  DeviceBlock* block = cached(bytes, index);
  if (block == nullptr) block = fresh(bytes, index);
  if (block == nullptr) {
    free_all_cached();
    block = fresh(bytes, index);
  }
  if (block == nullptr) refuse(bytes);
  link(*block, bytes);
  return Buffer::adopt(block);
}

MemoryStatistics DeviceMemory::statistics() const {
  const std::lock_guard lock(mutex_);
  return statistics_;
}

void DeviceMemory::reset_peak() {
  const std::lock_guard lock(mutex_);
  statistics_.peak_bytes = statistics_.live_bytes;
}

}  // namespace sinter::runtime::cuda
