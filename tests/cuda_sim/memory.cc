#include "tests/cuda_sim/memory.h"

#include <algorithm>
#include <functional>

#include "support/error.h"

namespace sinter::cuda_sim {

void note_written(Region& region, const std::byte* at, size_t bytes) {
  if (region.written.empty()) return;
  const auto first = region.written.begin() + (at - region.data);
  std::fill(first, first + static_cast<ptrdiff_t>(bytes), true);
}

void note_copied(Region& to_region, const std::byte* to, const Region& from_region, const std::byte* from,
                 size_t bytes) {
  if (from_region.written.empty()) return note_written(to_region, to, bytes);
  if (to_region.written.empty()) to_region.written.assign(to_region.bytes, true);
  const auto first = from_region.written.begin() + (from - from_region.data);
  std::copy(first, first + static_cast<ptrdiff_t>(bytes), to_region.written.begin() + (to - to_region.data));
}

void Memory::add(const std::string& name, std::byte* data, size_t bytes, bool writable, Contents contents) {
  auto region = std::make_unique<Region>(Region{.name = name, .data = data, .bytes = bytes, .writable = writable});
  if (contents == Contents::kUnspecified) region->written.assign(bytes, false);
  invariant(regions_.emplace(data, std::move(region)).second, "buffers lie at different addresses");
}

void Memory::remove(const std::byte* data) {
  last_ = nullptr;
  regions_.erase(data);
}

Region* Memory::find(const std::byte* at) {
  const auto holds = [at](const Region& region) {
    return !std::less<>()(at, region.data) && std::less<>()(at, region.data + region.bytes);
  };
  if (last_ != nullptr && holds(*last_)) return last_;
  auto next = regions_.upper_bound(at);
  if (next == regions_.begin()) return nullptr;
  Region& region = *std::prev(next)->second;
  if (!holds(region)) return nullptr;
  last_ = &region;
  return last_;
}

Region* Memory::find(const std::byte* at, size_t bytes) {
  Region* region = find(at);
  return region != nullptr && at + bytes <= region->data + region->bytes ? region : nullptr;
}

const Region* Memory::nearest(const std::byte* at) const {
  if (regions_.empty()) return nullptr;
  const auto next = regions_.upper_bound(at);
  return (next == regions_.begin() ? next : std::prev(next))->second.get();
}

}  // namespace sinter::cuda_sim
