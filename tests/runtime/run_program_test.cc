// Which worker runs what: programs whose kernels are plain functions that note the thread they run on.
#include "runtime/run_program.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

namespace sinter::runtime {
namespace {

// Buffer 0: a word a unit, which receives a number of the thread that did it, plus 1000 for each time.
std::atomic<int64_t> g_threads{0};
void note_threads(const KernelCall* call) {
  static thread_local const int64_t number = ++g_threads;
  for (int64_t unit = call->begin; unit < call->end; ++unit)
    static_cast<int64_t*>(call->buffers[0])[unit] += 1000 + number;
}
// Buffer 1[i] = buffer 0[n - 1 - i], n units: wrong unless all of buffer 0 was written before.
void reverse(const KernelCall* call) {
  const int64_t units = call->symbols[0];
  for (int64_t unit = call->begin; unit < call->end; ++unit)
    static_cast<int64_t*>(call->buffers[1])[unit] = static_cast<int64_t*>(call->buffers[0])[units - 1 - unit];
}
void fail(const KernelCall* call) {  // as compiled kernels do
  int64_t none = 0;
  if (!std::atomic_ref(call->status->failed).compare_exchange_strong(none, 1)) return;
  call->status->index = 12;
  call->status->extent = 10;
}

std::shared_ptr<const KernelCode> code(KernelFunction function) {
  KernelCode made;
  made.function = function;
  return std::make_shared<KernelCode>(made);
}

Slot output(size_t index) { return {.kind = Slot::Kind::kOutput, .index = index}; }

TEST(RunProgram, SharedLaunchesAreSplitOverAllWorkers) {
  constexpr int64_t kUnits = 100;
  Program program;
  program.kernels = {code(note_threads), code(reverse)};
  program.slots = {output(0), output(1)};
  program.launches = {
      {.kernel = 0, .slots = {0}, .units = kUnits, .parallel = true, .barrier_before = false},
      {.kernel = 1, .slots = {0, 1}, .symbols = {kUnits}, .units = kUnits, .parallel = true},
  };
  for (const int workers : {1, 2, 3, 7}) {
    ThreadTeam team(workers);
    RunState state(program);
    std::vector<int64_t> former;
    for (int repeat = 0; repeat < 50; ++repeat) {
      std::vector<int64_t> noted(kUnits), reversed(kUnits);
      const std::vector<void*> outputs{noted.data(), reversed.data()};
      ASSERT_EQ(state.run(program, {}, outputs, team), nullptr);
      for (int64_t word : noted) ASSERT_EQ(word / 1000, 1) << "each unit once";
      EXPECT_EQ(std::set(noted.begin(), noted.end()).size(), static_cast<size_t>(workers));
      ASSERT_EQ(reversed, std::vector(noted.rbegin(), noted.rend()));
      ASSERT_TRUE(former.empty() || former == noted) << "the same share in every run";
      former = noted;
    }
  }
}

TEST(RunProgram, SmallLaunchesOfAPhaseGoToDifferentWorkers) {
  Program program;
  program.kernels = {code(note_threads)};
  program.slots = {output(0), output(1), output(2)};
  program.launches = {
      {.kernel = 0, .slots = {0}, .units = 5, .lane = 0, .barrier_before = false},
      {.kernel = 0, .slots = {1}, .units = 5, .lane = 1, .barrier_before = false},
      {.kernel = 0, .slots = {2}, .units = 5, .parallel = true},  // so that there is a team
  };
  ThreadTeam team(2);
  std::vector<int64_t> first(5), second(5), third(5);
  const std::vector<void*> outputs{first.data(), second.data(), third.data()};
  ASSERT_EQ(RunState(program).run(program, {}, outputs, team), nullptr);
  EXPECT_EQ(first, std::vector<int64_t>(5, first[0]));
  EXPECT_EQ(second, std::vector<int64_t>(5, second[0]));
  EXPECT_NE(first[0], second[0]);
}

// Buffer 0[i] = 7, n units; buffer 1[i] = buffer 0[i].
void sevens(const KernelCall* call) {
  for (int64_t unit = call->begin; unit < call->end; ++unit) static_cast<int64_t*>(call->buffers[0])[unit] = 7;
}
void copy(const KernelCall* call) {
  for (int64_t unit = call->begin; unit < call->end; ++unit)
    static_cast<int64_t*>(call->buffers[1])[unit] = static_cast<int64_t*>(call->buffers[0])[unit];
}

// Plans that are wrong: a value is read after its last phase; a value that ends lies over one that goes on.
TEST(RunProgram, DeadBytesOfTheArenaArePoisonedWithinARun) {
  constexpr int64_t kUnits = 16;
  Program program;
  program.kernels = {code(sevens), code(copy)};
  program.arena_bytes = 2 * kUnits * sizeof(int64_t);
  program.slots = {{.kind = Slot::Kind::kArena, .index = 0}, output(0), output(1), output(2)};
  program.launches = {
      {.kernel = 0, .slots = {0}, .units = kUnits, .parallel = true, .barrier_before = false},
      {.kernel = 1, .slots = {0, 1}, .units = kUnits, .parallel = true},
      {.kernel = 1, .slots = {0, 2}, .units = kUnits, .parallel = true},
      {.kernel = 1, .slots = {0, 3}, .units = kUnits, .parallel = true, .barrier_before = false},
  };
  program.dead = {{.launch = 2, .offset = 0, .bytes = kUnits * sizeof(int64_t) / 2}};
  for (const int workers : {1, 2, 3}) {
    ThreadTeam team(workers);
    std::vector<int64_t> in_time(kUnits), late(kUnits), later(kUnits);
    const std::vector<void*> outputs{in_time.data(), late.data(), later.data()};
    const std::vector<int64_t> whole(kUnits, 7);
    std::vector<int64_t> poisoned = whole;
    std::fill(poisoned.begin(), poisoned.begin() + kUnits / 2, -1);  // all bits
    ASSERT_EQ(RunState(program).run(program, {}, outputs, team), nullptr);
    EXPECT_EQ(late, whole) << "costs nothing where memory is not guarded";
    const GuardedMemoryScope guarded;
    ASSERT_EQ(RunState(program).run(program, {}, outputs, team), nullptr);
    EXPECT_EQ(in_time, whole);
    EXPECT_EQ(late, poisoned);
    EXPECT_EQ(later, poisoned);
  }
}

TEST(RunProgram, AFailedCheckStopsAtTheGate) {
  Program program;
  program.kernels = {code(note_threads), code(fail)};
  program.slots = {output(0)};
  program.has_checks = true;
  program.launches = {
      {.kernel = 1, .slots = {0}, .units = 7, .parallel = true, .barrier_before = false},
      {.kernel = 0, .slots = {0}, .units = 7, .parallel = true, .gate = true},
  };
  for (const int workers : {1, 3}) {
    ThreadTeam team(workers);
    RunState state(program);
    std::vector<int64_t> noted(7);
    const std::vector<void*> outputs{noted.data()};
    EXPECT_EQ(state.run(program, {}, outputs, team), &program.launches[0]);
    EXPECT_EQ(state.status().index, 12);
    EXPECT_EQ(noted, std::vector<int64_t>(7));
  }
}

}  // namespace
}  // namespace sinter::runtime
