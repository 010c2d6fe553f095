// Walks a compiled step: every worker of a team goes through the same table of launches, takes its share of each, and
// meets the others at the barriers.
#pragma once

#include <span>
#include <vector>

#include "runtime/buffer.h"
#include "runtime/program.h"
#include "runtime/threads.h"

namespace sinter::runtime {

// What one run needs beside the program: made once, used by one run at a time, again and again.
class RunState {
 public:
  explicit RunState(const Program& program);

  // Runs the step once. Pointers as in Program's slots. The launch whose index check failed first, or nullptr; state is
  // then untouched wherever all checks come before the first launch that writes state.
  const Launch* run(const Program& program, std::span<void* const> inputs, std::span<void* const> outputs,
                    ThreadTeam& team);
  // Of the failed launch.
  [[nodiscard]] const KernelStatus& status() const { return failure_; }

 private:
  void walk(const Program& program, Worker& self);
  void bury(const Program& program, size_t launch, Worker& self);

  Buffer arena_;
  std::vector<KernelStatus> statuses_;  // one a launch
  std::vector<void*> slots_;            // where each slot lies in this run
  std::vector<void*> pointers_;         // of all launches, one after another
  std::vector<Buffer> scratch_;         // one a worker
  size_t scratch_bytes_ = 0;
  bool parallel_ = false, guarded_ = false;
  KernelStatus failure_;
};

// Runs one kernel on its own: the dynamic engine's way.
void run_kernel(const KernelCode& code, void* const* buffers, const int64_t* symbols, int64_t units, bool parallel,
                ThreadTeam& team, KernelStatus& status);

}  // namespace sinter::runtime
