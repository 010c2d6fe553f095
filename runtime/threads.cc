#include "runtime/threads.h"

#include <emmintrin.h>
#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <system_error>

#include "runtime/cpu_info.h"
#include "support/error.h"
#include "support/float_mode.h"
#include "support/options.h"

namespace sinter::runtime {
namespace {

using Clock = std::chrono::steady_clock;

// Long enough to bridge the serial work between two runs of a hot loop, short enough not to burn a core that others
// need.
constexpr auto kSpin = std::chrono::microseconds(50);
constexpr int kPausesPerRound = 16;

// Shared::start holds (number of the run << kCountBits) + count of workers; a count of 0 ends the workers.
constexpr uint32_t kCountBits = 12;
constexpr uint32_t kCountMask = (1u << kCountBits) - 1;

// Polls until done(value of the word), for about kSpin; returns the last value seen.
template <class Done>
uint32_t spin(const std::atomic<uint32_t>& word, bool patient, Done done) {
  uint32_t value = word.load(std::memory_order_acquire);
  if (done(value) || !patient) return value;
  const auto deadline = Clock::now() + kSpin;
  do {
    for (int i = 0; i < kPausesPerRound; ++i) {
      _mm_pause();
      value = word.load(std::memory_order_acquire);
      if (done(value)) return value;
    }
  } while (Clock::now() < deadline);
  return value;
}

void call(ThreadTeam::Body body, void* context, Worker& self) noexcept { body(context, self); }

}  // namespace

int wanted_workers() { return options().threads > 0 ? options().threads : cpu_info().usable_cores; }

void Worker::join() { team_.join(index_, count_, ++phase_, /*last=*/false); }

ThreadTeam::ThreadTeam(int workers)
    : slots_(static_cast<size_t>(workers)), patient_(workers <= cpu_info().usable_cores) {
  invariant(workers >= 1 && workers <= static_cast<int>(kCountMask), "a team has 1 to 4095 workers");
  // Signals meant for the program are handled by the program's own threads.
  sigset_t all, former;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &former);
  std::string refusal;
  try {
    for (int index = 1; index < workers; ++index) threads_.emplace_back([this, index] { serve(index); });
  } catch (const std::system_error& error) {
    refusal = error.code().message();
  }
  pthread_sigmask(SIG_SETMASK, &former, nullptr);
  if (refusal.empty()) return;
  const size_t started = threads_.size();
  stop();
  throw RuntimeError(fmt::format("cannot start {} threads: {} after {}", workers, refusal, started),
                     "set SINTER_THREADS to a smaller number");
}

ThreadTeam::~ThreadTeam() { stop(); }

void ThreadTeam::stop() {
  announce(shared_->start,
           (shared_->start.value.load(std::memory_order_relaxed) | kCountMask) - kCountMask + (1u << kCountBits));
  for (std::thread& thread : threads_) thread.join();
}

ThreadTeam& ThreadTeam::global() {
  // Never destroyed: programs may run in the destructors of other globals. A child of fork() has none of its parent's
  // threads, so it makes a team of its own.
  static std::atomic<ThreadTeam*> team = nullptr;
  [[maybe_unused]] static const int registered =
      pthread_atfork(nullptr, nullptr, [] { team.store(nullptr, std::memory_order_relaxed); });
  ThreadTeam* found = team.load(std::memory_order_acquire);
  if (found == nullptr) [[unlikely]] {
    auto made = std::make_unique<ThreadTeam>(wanted_workers());
    if (team.compare_exchange_strong(found, made.get(), std::memory_order_acq_rel)) found = made.release();
  }
  return *found;
}

// Sequentially consistent, so that it cannot pass the check for sleepers in notify_all.
void ThreadTeam::announce(Word& word, uint32_t value) {
  word.value.store(value, std::memory_order_seq_cst);
  word.value.notify_all();
}

void ThreadTeam::await(const Word& word, uint32_t wanted) const {
  uint32_t value = spin(word.value, patient_, [&](uint32_t v) { return v == wanted; });
  while (value != wanted) {
    word.value.wait(value, std::memory_order_acquire);
    value = word.value.load(std::memory_order_acquire);
  }
}

uint32_t ThreadTeam::await_change(const Word& word, uint32_t old) const {
  const uint32_t value = spin(word.value, patient_, [&](uint32_t v) { return v != old; });
  if (value != old) return value;
  word.value.wait(old, std::memory_order_acquire);
  return word.value.load(std::memory_order_acquire);
}

// Worker 0 gathers the others and lets them go; after the last join of a run they need not wait for it.
void ThreadTeam::join(int index, int count, uint32_t phase, bool last) {
  if (index == 0) {
    for (int other = 1; other < count; ++other) await(slots_[static_cast<size_t>(other)], phase);
    if (!last) announce(shared_->released, phase);
  } else {
    announce(slots_[static_cast<size_t>(index)], phase);
    if (!last) await(shared_->released, phase);
  }
}

void ThreadTeam::serve(int index) {
  pthread_setname_np(pthread_self(), fmt::format("sinter-{}", index).c_str());
  // A worker that sits out some runs may miss their numbers: it looks at the job only in a run that waits for it.
  for (uint32_t seen = 0;;) {
    seen = await_change(shared_->start, seen);
    const int count = static_cast<int>(seen & kCountMask);
    if (count == 0) return;
    if (index >= count) continue;
    const Job job = shared_->job;
    _mm_setcsr(job.float_mode);
    Worker self(*this, index, count, job.phase);
    call(job.body, job.context, self);
    join(index, count, self.phase_ + 1, /*last=*/true);
  }
}

void ThreadTeam::run(Body body, void* context, int at_most) {
  const unsigned float_mode = compiled_float_mode();
  const FloatModeScope scope(float_mode);
  const int count = std::clamp(at_most, 1, size());
  if (count == 1 || shared_->busy.value.exchange(1, std::memory_order_acquire) != 0) {
    Worker alone(*this, 0, 1, 0);
    call(body, context, alone);
    return;
  }
  shared_->job = {.body = body, .context = context, .phase = shared_->job.phase, .float_mode = float_mode};
  const uint32_t number = (shared_->start.value.load(std::memory_order_relaxed) >> kCountBits) + 1;
  announce(shared_->start, (number << kCountBits) + static_cast<uint32_t>(count));
  Worker self(*this, 0, count, shared_->job.phase);
  call(body, context, self);
  join(0, count, self.phase_ + 1, /*last=*/true);
  shared_->job.phase = self.phase_ + 1;
  shared_->busy.value.store(0, std::memory_order_release);
}

}  // namespace sinter::runtime
