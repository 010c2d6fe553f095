#include "runtime/buffer.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>

#include "runtime/guarded_memory.h"
#include "runtime/size_class.h"
#include "support/error.h"
#include "support/options.h"

namespace sinter::runtime {
namespace {

static_assert(sizeof(BufferBlock) <= kBufferAlignment, "a block's head fits in front of its bytes");

static_assert(kBufferAlignment == 64, "size classes are multiples of it");

constexpr size_t kHugePage = size_t{2} << 20;

struct alignas(64) FreeList {
  std::mutex mutex;
  BufferBlock* head = nullptr;
};

// Blocks of the process: never destroyed, since buffers in globals may outlive it.
struct Pool {
  std::array<FreeList, kSizeClasses> lists;
  std::atomic<int64_t> live{0}, peak{0}, cached{0}, allocations{0}, fresh{0};
  std::atomic<size_t> limit{default_limit()};

  static size_t default_limit() {
    return static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGE_SIZE)) / 4;
  }
};
Pool& pool() {
  static Pool& blocks = *new Pool;
  return blocks;
}

std::atomic<int> g_guarded_scopes{0};

void count_live(size_t bytes) {
  Pool& blocks = pool();
  const int64_t added = static_cast<int64_t>(bytes);
  const int64_t live = blocks.live.fetch_add(added, std::memory_order_relaxed) + added;
  int64_t peak = blocks.peak.load(std::memory_order_relaxed);
  while (live > peak && !blocks.peak.compare_exchange_weak(peak, live, std::memory_order_relaxed)) {
  }
  blocks.allocations.fetch_add(1, std::memory_order_relaxed);
}
void count_dead(size_t bytes) { pool().live.fetch_sub(static_cast<int64_t>(bytes), std::memory_order_relaxed); }

[[noreturn]] void refuse(size_t bytes) {
  throw RuntimeError(
      fmt::format("cannot allocate a buffer of {} bytes: the system refuses the memory ({} bytes are in use)", bytes,
                  pool().live.load(std::memory_order_relaxed)),
      "use a smaller batch or model, or free tensors that are no longer needed");
}

void release_to_pool(BufferBlock* block);

BufferBlock* fresh_block(uint32_t index) {
  const size_t bytes = kBufferAlignment + class_bytes(index);
  const bool huge = bytes >= 2 * kHugePage;
  const size_t alignment = huge ? kHugePage : kBufferAlignment;
  void* memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (memory == nullptr) return nullptr;
  if (huge) madvise(memory, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
  pool().fresh.fetch_add(1, std::memory_order_relaxed);
  BufferBlock* block = new (memory) BufferBlock;
  block->data = static_cast<std::byte*>(memory) + kBufferAlignment;
  block->release = release_to_pool;
  block->size_class = index;
  return block;
}

BufferBlock* cached_block(uint32_t index) {
  FreeList& list = pool().lists[index];
  BufferBlock* block;
  {
    std::lock_guard lock(list.mutex);
    block = list.head;
    if (block == nullptr) return nullptr;
    list.head = block->next;
  }
  pool().cached.fetch_sub(static_cast<int64_t>(class_bytes(index)), std::memory_order_relaxed);
  block->handles.store(1, std::memory_order_relaxed);
  return block;
}

void release_to_pool(BufferBlock* block) {
  Pool& blocks = pool();
  count_dead(block->size);
  const int64_t bytes = static_cast<int64_t>(class_bytes(block->size_class));
  const int64_t limit = static_cast<int64_t>(blocks.limit.load(std::memory_order_relaxed));
  if (blocks.cached.fetch_add(bytes, std::memory_order_relaxed) + bytes > limit) {
    blocks.cached.fetch_sub(bytes, std::memory_order_relaxed);
    std::free(block);
    return;
  }
  FreeList& list = blocks.lists[block->size_class];
  std::lock_guard lock(list.mutex);
  block->next = list.head;
  list.head = block;
}

struct GuardedBlock : BufferBlock {
  GuardedPages pages;
};

void release_guarded(BufferBlock* block) {
  auto* guarded = static_cast<GuardedBlock*>(block);
  count_dead(block->size);
  unmap_guarded(guarded->pages);
  delete guarded;
}

BufferBlock* guarded_block(size_t bytes) {
  const GuardedPages pages = map_guarded(bytes, kBufferAlignment);
  if (pages.data == nullptr) return nullptr;
  pool().fresh.fetch_add(1, std::memory_order_relaxed);
  auto* block = new GuardedBlock;
  block->data = pages.data;
  block->release = release_guarded;
  block->pages = pages;
  return block;
}

struct BlobBlock : BufferBlock {
  std::function<void()> done;
};

void release_blob(BufferBlock* block) {
  auto* blob = static_cast<BlobBlock*>(block);
  if (blob->done) blob->done();
  delete blob;
}

}  // namespace

Buffer Buffer::allocate(size_t bytes) {
  if (bytes > kLargestBlock) refuse(bytes);
  BufferBlock* block = nullptr;
  if (memory_is_guarded()) {
    block = guarded_block(bytes);
  } else {
    const uint32_t index = size_class(bytes);
    block = cached_block(index);
    if (block == nullptr) block = fresh_block(index);
    if (block == nullptr) {
      release_cached_memory();
      block = fresh_block(index);
    }
  }
  if (block == nullptr) refuse(bytes);
  block->size = bytes;
  count_live(bytes);
  return Buffer(block);
}

Buffer Buffer::from_blob(void* data, size_t bytes, std::function<void()> done) {
  auto* block = new BlobBlock;
  block->data = static_cast<std::byte*>(data);
  block->size = bytes;
  block->release = release_blob;
  block->done = std::move(done);
  return Buffer(block);
}

bool Buffer::borrowed() const { return block_ != nullptr && block_->release == release_blob; }

MemoryStatistics memory_statistics() {
  const Pool& blocks = pool();
  return {.live_bytes = blocks.live,
          .peak_bytes = blocks.peak,
          .cached_bytes = blocks.cached,
          .allocations = blocks.allocations,
          .fresh_allocations = blocks.fresh};
}

void reset_peak_memory() { pool().peak.store(pool().live.load()); }

void release_cached_memory() {
  for (uint32_t index = 0; index < kSizeClasses; ++index)
    while (BufferBlock* block = cached_block(index)) std::free(block);
}

void set_memory_cache_limit(size_t bytes) {
  pool().limit.store(std::min(bytes, kLargestBlock));
  if (memory_statistics().cached_bytes > static_cast<int64_t>(bytes)) release_cached_memory();
}

GuardedMemoryScope::GuardedMemoryScope() { g_guarded_scopes.fetch_add(1); }
GuardedMemoryScope::~GuardedMemoryScope() { g_guarded_scopes.fetch_sub(1); }
bool memory_is_guarded() { return g_guarded_scopes.load(std::memory_order_relaxed) > 0 || options().debug >= 4; }

void poison(std::span<std::byte> bytes) { std::memset(bytes.data(), kPoison, bytes.size()); }

}  // namespace sinter::runtime
