#include "runtime/run_program.h"

#include <algorithm>

#include "support/error.h"
#include "support/float_mode.h"

namespace sinter::runtime {
namespace {

// This worker's part of the units: as equal as can be, the same in every run.
struct Share {
  int64_t begin, end;
};
Share share(int64_t units, int worker, int workers) {
  return {units * worker / workers, units * (worker + 1) / workers};
}

}  // namespace

RunState::RunState(const Program& program) : statuses_(program.launches.size()), slots_(program.slots.size()) {
  if (program.arena_bytes > 0) arena_ = Buffer::allocate(program.arena_bytes);
  size_t pointers = 0;
  for (const Launch& launch : program.launches) {
    pointers += launch.slots.size();
    scratch_bytes_ = std::max(scratch_bytes_, program.kernels[launch.kernel]->scratch_bytes);
    parallel_ = parallel_ || launch.parallel;
  }
  pointers_.resize(pointers);
  for (size_t s = 0; s < slots_.size(); ++s) {
    const Slot& slot = program.slots[s];
    if (slot.kind == Slot::Kind::kArena) slots_[s] = arena_.data() + slot.index;
    if (slot.kind == Slot::Kind::kConstant) slots_[s] = const_cast<std::byte*>(program.constants[slot.index].data());
  }
}

const Launch* RunState::run(const Program& program, std::span<void* const> inputs, std::span<void* const> outputs,
                            ThreadTeam& team) {
  for (size_t s = 0; s < slots_.size(); ++s) {
    const Slot& slot = program.slots[s];
    if (slot.kind == Slot::Kind::kInput) slots_[s] = inputs[slot.index];
    if (slot.kind == Slot::Kind::kOutput) slots_[s] = outputs[slot.index];
  }
  guarded_ = memory_is_guarded() && arena_.size() > 0;
  if (guarded_) poison({arena_.data(), arena_.size()});  // earlier runs' values are dead
  size_t pointer = 0;
  for (const Launch& launch : program.launches)
    for (uint32_t slot : launch.slots) pointers_[pointer++] = slots_[slot];
  if (program.has_checks) std::fill(statuses_.begin(), statuses_.end(), KernelStatus{});
  const int workers = parallel_ ? team.size() : 1;
  while (scratch_bytes_ > 0 && scratch_.size() < static_cast<size_t>(workers))
    scratch_.push_back(Buffer::allocate(scratch_bytes_));
  team.run([&](Worker& self) { walk(program, self); }, workers);
  if (!program.has_checks) return nullptr;
  for (size_t i = 0; i < statuses_.size(); ++i)
    if (statuses_[i].failed != 0) {
      failure_ = statuses_[i];
      return &program.launches[i];
    }
  return nullptr;
}

// Poisons what is dead from this launch on, so that a late reader shows.
void RunState::bury(const Program& program, size_t launch, Worker& self) {
  const auto earlier = [](const Dead& dead, size_t at) { return dead.launch < at; };
  auto dead = std::lower_bound(program.dead.begin(), program.dead.end(), launch, earlier);
  if (dead == program.dead.end() || dead->launch != launch) return;
  for (; self.index() == 0 && dead != program.dead.end() && dead->launch == launch; ++dead)
    poison({arena_.data() + dead->offset, dead->bytes});
  self.barrier();
}

void RunState::walk(const Program& program, Worker& self) {
  void* const* buffers = pointers_.data();
  for (size_t i = 0; i < program.launches.size(); ++i) {
    const Launch& launch = program.launches[i];
    if (launch.barrier_before) self.barrier();
    if (guarded_) bury(program, i, self);
    // All checks were made before this barrier and none follows, so every worker decides alike.
    if (launch.gate &&
        std::any_of(statuses_.begin(), statuses_.end(), [](const KernelStatus& status) { return status.failed != 0; }))
      return;
    const Share mine = launch.parallel ? share(launch.units, self.index(), self.count())
                                       : Share{0, launch.lane % self.count() == self.index() ? launch.units : 0};
    if (mine.begin < mine.end) {
      const KernelCode& code = *program.kernels[launch.kernel];
      std::byte* scratch = code.scratch_bytes > 0 ? scratch_[static_cast<size_t>(self.index())].data() : nullptr;
      const KernelCall call{buffers, launch.symbols.data(), mine.begin, mine.end, scratch, &statuses_[i]};
      code.function(&call);
    }
    buffers += launch.slots.size();
  }
}

void run_kernel(const KernelCode& code, void* const* buffers, const int64_t* symbols, int64_t units, bool parallel,
                ThreadTeam& team, KernelStatus& status) {
  const auto run_share = [&](Share mine) {
    // Grown as needed, kept for the thread's next kernel. Kernels run by destructors of globals find it gone.
    static thread_local bool gone = false;
    struct Scratch {
      Buffer buffer;
      ~Scratch() { gone = true; }
    };
    static thread_local Scratch kept;
    Buffer last;
    Buffer& scratch = gone ? last : kept.buffer;
    if (scratch.size() < code.scratch_bytes) scratch = Buffer::allocate(code.scratch_bytes);
    const KernelCall call{buffers, symbols, mine.begin, mine.end, scratch.data(), &status};
    code.function(&call);
  };
  if (!parallel || team.size() == 1) {
    const FloatModeScope mode;
    return run_share({0, units});
  }
  team.run([&](Worker& self) {
    const Share mine = share(units, self.index(), self.count());
    if (mine.begin < mine.end) run_share(mine);
  });
}

}  // namespace sinter::runtime
