#include "runtime/cuda/checks.h"

#include <utility>

#include "runtime/cuda/gpu.h"

namespace sinter::runtime::cuda {
namespace {

constexpr size_t kSlots = 64;

DevicePointer address(const void* pointer) { return reinterpret_cast<DevicePointer>(pointer); }

}  // namespace

CheckSite::CheckSite(Gpu& gpu, ReportCheck report)
    : gpu_(gpu), status_(gpu.memory.allocate(sizeof(KernelStatus))), report_(std::move(report)) {
  driver().fill_bytes(address(status()), 0, sizeof(KernelStatus), gpu.stream);
}

CheckSite::~CheckSite() {
  if (arrived_ == nullptr) return;
  gpu_.activate();
  (void)driver().free_pinned.attempt(arrived_);
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
  if (waiting_ > 0) driver().event_synchronize(slots_[waiting_ - 1].arrived);  // and so have those before it
  for (size_t i = 0; i < waiting_; ++i)
    if (slots_[i].pinned->failed != 0 && first.site == nullptr) first = {slots_[i].site, *slots_[i].pinned};
  for (size_t i = 0; i < waiting_; ++i) slots_[i].site.reset();
  waiting_ = 0;
  operations_.store(0, std::memory_order_relaxed);
}

void Checks::look_at_programs(const Fetched& fetched, Failure& first) {
  for (const std::shared_ptr<CheckSite>& site : fetched) {
    if (site->arrived_->failed == 0) continue;
    driver().fill_bytes(address(site->status()), 0, sizeof(KernelStatus), gpu_.stream);
    if (first.site == nullptr) first = {site, *site->arrived_};
  }
}

Checks::Fetched Checks::fetch() {
  const std::lock_guard lock(mutex_);
  gpu_.activate();
  for (const std::shared_ptr<CheckSite>& site : programs_) {
    if (site->arrived_ == nullptr) {
      void* pinned = nullptr;
      driver().allocate_pinned(&pinned, sizeof(KernelStatus), 0);
      site->arrived_ = static_cast<KernelStatus*>(pinned);
    }
    driver().copy_to_host(site->arrived_, address(site->status()), sizeof(KernelStatus), gpu_.stream);
    site->pending_ = false;
  }
  return std::exchange(programs_, {});
}

void Checks::settle(const Fetched& fetched) {
  if (fetched.empty() && operations_.load(std::memory_order_relaxed) == 0) return;
  Failure first;
  {
    const std::lock_guard lock(mutex_);
    gpu_.activate();
    look_at_operations(first);
    look_at_programs(fetched, first);
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
