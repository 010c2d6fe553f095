#include "runtime/cuda/checks.h"

#include "runtime/cuda/gpu.h"

namespace sinter::runtime::cuda {
namespace {

constexpr size_t kSlots = 64;

DevicePointer address(const void* pointer) { return reinterpret_cast<DevicePointer>(pointer); }

}  // namespace

CheckSite::CheckSite(Gpu& gpu, ReportCheck report)
    : status_(gpu.memory.allocate(sizeof(KernelStatus))), report_(std::move(report)) {
  driver().fill_bytes(address(status()), 0, sizeof(KernelStatus), gpu.stream);
}

void Checks::launched(const std::shared_ptr<CheckSite>& site) {
  const std::lock_guard lock(mutex_);
  if (site->pending_) return;
  site->pending_ = true;
  programs_.push_back(site);
}

void Checks::launched_operation(std::shared_ptr<CheckSite> site) {
  Failure earlier;
  {
    const std::lock_guard lock(mutex_);
    gpu_.activate();
    make_slots();
    if (waiting_ == kSlots) look_at_operations(earlier);
    Early& slot = slots_[waiting_];
    driver().copy_to_host(slot.pinned, address(site->status()), sizeof(KernelStatus), gpu_.stream);
    driver().event_record(slot.arrived, gpu_.stream);
    slot.site = std::move(site);
    operations_.store(++waiting_, std::memory_order_relaxed);
  }
  if (earlier.site != nullptr) earlier.site->report_(earlier.status);
}

void Checks::make_slots() {
  if (!slots_.empty()) return;
  constexpr unsigned kNoTiming = 2;
  void* pinned = nullptr;
  driver().allocate_pinned(&pinned, kSlots * sizeof(KernelStatus), 0);
  for (size_t i = 0; i < kSlots; ++i) {
    slots_.push_back({.pinned = static_cast<KernelStatus*>(pinned) + i});
    driver().event_create(&slots_.back().arrived, kNoTiming);
  }
}

void Checks::look_at_operations(Failure& first) {
  for (size_t i = 0; i < waiting_; ++i) {
    driver().event_synchronize(slots_[i].arrived);
    if (slots_[i].pinned->failed != 0 && first.site == nullptr) first = {slots_[i].site, *slots_[i].pinned};
  }
  for (size_t i = 0; i < waiting_; ++i) slots_[i].site.reset();
  waiting_ = 0;
  operations_.store(0, std::memory_order_relaxed);
}

void Checks::look_at_programs(Failure& first) {
  for (const std::shared_ptr<CheckSite>& site : programs_) {
    KernelStatus found;
    gpu_.staging.to_host(&found, address(site->status()), sizeof(found));
    site->pending_ = false;
    if (found.failed == 0) continue;
    driver().fill_bytes(address(site->status()), 0, sizeof(found), gpu_.stream);
    if (first.site == nullptr) first = {site, found};
  }
  programs_.clear();
}

void Checks::settle() {
  Failure first;
  {
    const std::lock_guard lock(mutex_);
    gpu_.activate();
    look_at_operations(first);
    look_at_programs(first);
  }
  if (first.site != nullptr) first.site->report_(first.status);
}

void Checks::settle_operations() {
  if (operations_.load(std::memory_order_relaxed) == 0) return;
  Failure first;
  {
    const std::lock_guard lock(mutex_);
    gpu_.activate();
    look_at_operations(first);
  }
  if (first.site != nullptr) first.site->report_(first.status);
}

}  // namespace sinter::runtime::cuda
