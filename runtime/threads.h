// Teams of threads that run one body side by side (SPMD): every worker is called once with its number, and barriers
// join them in between. A hot team starts and ends a run in well under a microsecond; an idle one sleeps.
#pragma once

#include <atomic>
#include <climits>
#include <cstdint>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

namespace sinter::runtime {

class ThreadTeam;

// How many threads Sinter may keep busy: SINTER_THREADS, or as many as there are usable cores.
[[nodiscard]] int wanted_workers();

// One worker's part in a run: its number, 0 to count - 1, and the barrier.
class Worker {
 public:
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  [[nodiscard]] int index() const { return index_; }
  [[nodiscard]] int count() const { return count_; }
  // Returns once all `count` workers of this run have called it; what each wrote before is then visible to all.
  // Every worker calls it equally often.
  void barrier() {
    if (count_ > 1) join();
  }

 private:
  friend class ThreadTeam;
  Worker(ThreadTeam& team, int index, int count, uint32_t phase)
      : team_(team), index_(index), count_(count), phase_(phase) {}
  void join();

  ThreadTeam& team_;
  int index_, count_;
  uint32_t phase_;  // number of joins so far, over all runs of the team
};

class ThreadTeam {
 public:
  using Body = void (*)(void* context, Worker& self);

  // A team of `workers` threads, the caller of run() being one of them. RuntimeError when the machine grants no thread.
  explicit ThreadTeam(int workers);
  // No run may be under way.
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  // The team of the process: wanted_workers() workers. Made on first use.
  static ThreadTeam& global();

  [[nodiscard]] int size() const { return static_cast<int>(slots_.size()); }

  // Calls body(context, worker) on min(size, at_most) workers at once, the caller being worker 0, and returns when all
  // have returned. While the team is busy (another thread runs on it, or body itself calls run) the caller alone does
  // the whole, as worker 0 of 1. So body must give the same result for every count. It must not throw (the process
  // would end). All workers run in compiled_float_mode(); the caller's own mode is restored.
  void run(Body body, void* context, int at_most = INT_MAX);

  //   team.run([&](Worker& self) { for (int i = self.index(); i < n; i += self.count()) ...; });
  template <class F>
  void run(F&& f, int at_most = INT_MAX) {
    static_assert(std::is_invocable_v<F&, Worker&>);
    run([](void* context, Worker& self) { (*static_cast<std::remove_reference_t<F>*>(context))(self); },
        const_cast<void*>(static_cast<const void*>(std::addressof(f))), at_most);
  }

 private:
  friend class Worker;
  struct alignas(64) Word {
    std::atomic<uint32_t> value{0};
  };
  struct Job {
    Body body = nullptr;
    void* context = nullptr;
    uint32_t phase = 0;
    unsigned float_mode = 0;
  };

  void serve(int index);
  void join(int index, int count, uint32_t phase, bool last);
  void announce(Word& word, uint32_t value);
  void await(const Word& word, uint32_t wanted) const;
  uint32_t await_change(const Word& word, uint32_t old) const;
  void stop();

  // In memory of its own, so that a team itself, on somebody's stack, needs no alignment.
  struct Shared {
    Word released;  // the latest phase that worker 0 let all leave
    Word start;     // number of the run and count of its workers: what sleeping workers watch
    Word busy;
    Job job;
  };

  std::vector<Word> slots_;  // slots_[i]: the latest phase at which worker i arrived
  std::unique_ptr<Shared> shared_ = std::make_unique<Shared>();
  bool patient_;  // whether waiting begins with spinning: not where there are more workers than cores
  std::vector<std::thread> threads_;
};

}  // namespace sinter::runtime
