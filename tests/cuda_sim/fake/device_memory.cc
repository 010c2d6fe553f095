#include "tests/cuda_sim/fake/device_memory.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include "support/error.h"

namespace sinter::cuda_sim {
namespace {

constexpr size_t kReserved = size_t{1} << 40, kAlignment = 512, kGap = 1 << 16;

}  // namespace

DeviceMemory::DeviceMemory(size_t capacity) : capacity_(capacity) {
  void* base = mmap(nullptr, kReserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  invariant(base != MAP_FAILED, "there are addresses for the device's memory");
  base_ = next_ = static_cast<std::byte*>(base);
}

std::byte* DeviceMemory::allocate(size_t bytes) {
  if (bytes > capacity_ - used_) return nullptr;
  std::byte* at = next_;
  next_ += (bytes + kAlignment - 1) / kAlignment * kAlignment + kGap;
  invariant(next_ <= base_ + kReserved, "there are addresses left");
  used_ += bytes;
  sizes_.emplace(at, bytes);
  regions_.add(fmt::format("allocation {}", fmt::ptr(at)), at, bytes, true, Contents::kUnspecified);
  return at;
}

bool DeviceMemory::free(std::byte* at) {
  const auto found = sizes_.find(at);
  if (found == sizes_.end()) return false;
  constexpr size_t kPage = 4096;
  auto* const first_page = reinterpret_cast<std::byte*>((reinterpret_cast<uintptr_t>(at) + kPage - 1) / kPage * kPage);
  if (at + found->second > first_page)
    madvise(first_page, static_cast<size_t>(at + found->second - first_page), MADV_DONTNEED);
  used_ -= found->second;
  sizes_.erase(found);
  regions_.remove(at);
  return true;
}

void DeviceMemory::protect(int how) const {
  constexpr size_t kPage = 4096;
  const auto bytes = static_cast<size_t>(next_ - base_);
  if (bytes > 0) mprotect(base_, (bytes + kPage - 1) / kPage * kPage, how);
}

DeviceMemory::Opened::Opened(DeviceMemory& memory) : memory_(memory) {
  if (memory_.opened_++ == 0) memory_.protect(PROT_READ | PROT_WRITE);
}

DeviceMemory::Opened::~Opened() {
  if (--memory_.opened_ == 0) memory_.protect(PROT_NONE);
}

}  // namespace sinter::cuda_sim
