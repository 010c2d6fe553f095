// Index checks on a device: kernels write what they find into device memory, and the host looks at it when it waits for
// the device anyway. What was found stays until then, so that a failure keeps later runs of the same program from
// writing state.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/buffer.h"
#include "runtime/cuda/driver.h"
#include "runtime/program.h"

namespace sinter::runtime::cuda {

class Gpu;

// Throws the error of a failed check.
using ReportCheck = std::function<void(const KernelStatus& status)>;

// What one program's launches, or one operation, found: the first failure.
class CheckSite {
 public:
  CheckSite(Gpu& gpu, ReportCheck report);
  ~CheckSite();
  CheckSite(const CheckSite&) = delete;
  CheckSite& operator=(const CheckSite&) = delete;
  // What kernels write, and gates look at: device memory, zeros until a check fails.
  [[nodiscard]] KernelStatus* status() const { return status_.as<KernelStatus>(); }

 private:
  friend class Checks;
  Gpu& gpu_;
  Buffer status_;
  KernelStatus* arrived_ = nullptr;  // pinned: the copy that the host looks at; made when first asked for
  ReportCheck report_;
  bool pending_ = false;
};

class Checks {
 public:
  explicit Checks(Gpu& gpu) : gpu_(gpu) {}

  // The program of this site was launched.
  void launched(const std::shared_ptr<CheckSite>& site);
  // An operation of the dynamic engine was: its outcome is on its way to the host.
  void launched_operation(std::shared_ptr<CheckSite> site);
  // Begins to copy the outcome of the programs launched so far to the host.
  using Fetched = std::vector<std::shared_ptr<CheckSite>>;
  [[nodiscard]] Fetched fetch();
  // After the device was waited for: looks at what was fetched, and at all operations. Throws the error of the first
  // that failed; the others are forgotten.
  void settle(const Fetched& fetched);
  // The same for operations of the dynamic engine.
  void settle_operations();

 private:
  struct Early {  // a status on its way to the host
    KernelStatus* pinned = nullptr;
    Event arrived = nullptr;
    std::shared_ptr<CheckSite> site;
  };
  struct Failure {
    std::shared_ptr<CheckSite> site;
    KernelStatus status;
  };
  void make_slots();
  void look_at_operations(Failure& first);
  void look_at_programs(const Fetched& fetched, Failure& first);

  Gpu& gpu_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<CheckSite>> programs_;  // launched and not looked at since
  std::vector<Early> slots_;
  size_t waiting_ = 0;                 // of slots_, those in use: the first ones
  std::atomic<size_t> operations_{0};  // the same, to be read without the lock
};

}  // namespace sinter::runtime::cuda
