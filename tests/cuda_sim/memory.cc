#include "tests/cuda_sim/memory.h"

#include <functional>

#include "support/error.h"

namespace sinter::cuda_sim {

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

const Region* Memory::nearest(const std::byte* at) const {
  if (regions_.empty()) return nullptr;
  const auto next = regions_.upper_bound(at);
  return (next == regions_.begin() ? next : std::prev(next))->second.get();
}

}  // namespace sinter::cuda_sim
