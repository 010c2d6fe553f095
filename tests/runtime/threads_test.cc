// Teams of threads: every worker runs once, barriers join, busy teams fall back to the caller, float modes are set.
#include "runtime/threads.h"

#include <gtest/gtest.h>
#include <xmmintrin.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <vector>

#include "support/float_mode.h"
#include "support/options.h"

namespace sinter::runtime {
namespace {

class Teams : public testing::TestWithParam<int> {};

TEST_P(Teams, EveryWorkerRunsOnce) {
  ThreadTeam team(GetParam());
  std::vector<int> calls(static_cast<size_t>(team.size()));
  for (int round = 1; round <= 200; ++round) {
    team.run([&](Worker& self) {
      EXPECT_EQ(self.count(), team.size());
      ++calls[static_cast<size_t>(self.index())];
    });
    ASSERT_EQ(calls, std::vector<int>(calls.size(), round));
  }
}

// Each worker adds its neighbour's number of the round before: wrong as soon as one barrier lets anyone through early.
TEST_P(Teams, BarriersJoin) {
  constexpr int kRounds = 300;
  ThreadTeam team(GetParam());
  const size_t count = static_cast<size_t>(team.size());
  for (int repeat = 0; repeat < 5; ++repeat) {
    std::vector<int> even(count, 1), odd(count, 0);
    team.run([&](Worker& self) {
      const size_t me = static_cast<size_t>(self.index()), neighbour = (me + 1) % count;
      for (int round = 0; round < kRounds; ++round) {
        const auto& from = round % 2 == 0 ? even : odd;
        auto& to = round % 2 == 0 ? odd : even;
        to[me] = from[neighbour] + 1;
        self.barrier();
      }
    });
    EXPECT_EQ(even, std::vector<int>(count, 1 + kRounds));
  }
}

TEST_P(Teams, RunsOfFewerWorkersMixWithWholeOnes) {
  ThreadTeam team(GetParam());
  for (int at_most : {team.size(), 1, 2, team.size(), 2, 2, 3, 1, 1000}) {
    std::vector<int> calls(static_cast<size_t>(team.size()));
    std::atomic<int> arrived = 0;
    const int expected = std::min(at_most, team.size());
    team.run(
        [&](Worker& self) {
          ++calls[static_cast<size_t>(self.index())];
          arrived.fetch_add(1);
          self.barrier();
          EXPECT_EQ(arrived.load(), expected);
        },
        at_most);
    EXPECT_EQ(std::accumulate(calls.begin(), calls.end(), 0), expected);
    EXPECT_EQ(std::count(calls.begin(), calls.end(), 1), expected);
  }
}

TEST_P(Teams, NestedRunIsDoneByItsCallerAlone) {
  ThreadTeam team(GetParam());
  std::atomic<int> inner = 0;
  team.run([&](Worker&) {
    team.run([&](Worker& self) {
      EXPECT_EQ(self.index(), 0);
      EXPECT_EQ(self.count(), 1);
      self.barrier();
      inner.fetch_add(1);
    });
  });
  EXPECT_EQ(inner.load(), team.size());
}

TEST_P(Teams, SleepingWorkersWakeUp) {
  ThreadTeam team(GetParam());
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::atomic<int> calls = 0;
    team.run([&](Worker& self) {
      if (self.index() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      self.barrier();
      if (self.index() != 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      calls.fetch_add(1);
    });
    EXPECT_EQ(calls.load(), team.size());
  }
}

TEST_P(Teams, FloatModeIsSetOnAllAndRestoredOnTheCaller) {
  ThreadTeam team(GetParam());
  volatile float tiny = 1e-40f;
  for (bool ftz : {true, false, true}) {
    OptionScope scope({.ftz = ftz});
    FloatModeScope mine(kDefaultFloatMode);
    std::atomic<int> flushed = 0;
    team.run([&](Worker&) { flushed.fetch_add(tiny * 1.0f == 0.0f ? 1 : 0); });
    EXPECT_EQ(flushed.load(), ftz ? team.size() : 0);
    EXPECT_NE(tiny * 1.0f, 0.0f);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, Teams, testing::Values(1, 2, 3, 7, 64),
                         [](const auto& with) { return std::to_string(with.param); });

TEST(ThreadTeam, ManyCallersShareOne) {
  ThreadTeam team(3);
  constexpr int kCallers = 64, kRuns = 50, kItems = 100;
  std::atomic<int> shared_runs = 0;
  std::vector<int64_t> sums(kCallers);
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller)
    callers.emplace_back([&, caller] {
      for (int run = 0; run < kRuns; ++run) {
        std::vector<int> squares(kItems), doubled(kItems);
        team.run([&](Worker& self) {
          if (self.index() == 0 && self.count() > 1) shared_runs.fetch_add(1);
          for (int i = self.index(); i < kItems; i += self.count()) squares[static_cast<size_t>(i)] = i * i;
          self.barrier();
          for (int i = self.index(); i < kItems; i += self.count())
            doubled[static_cast<size_t>(i)] = 2 * squares[static_cast<size_t>(kItems - 1 - i)];
        });
        sums[static_cast<size_t>(caller)] += std::accumulate(doubled.begin(), doubled.end(), int64_t{0});
      }
    });
  for (std::thread& thread : callers) thread.join();
  EXPECT_EQ(sums, std::vector<int64_t>(kCallers, int64_t{kRuns} * 2 * 328350));
  EXPECT_GT(shared_runs.load(), 0);
}

// 64 workers on two cores: waiting must give the cores away. Spinning through time slices would take minutes.
TEST(ThreadTeam, OversubscribedTeamIsNotPathological) {
  ThreadTeam team(64);
  const auto start = std::chrono::steady_clock::now();
  for (int run = 0; run < 20; ++run)
    team.run([](Worker& self) {
      for (int i = 0; i < 10; ++i) self.barrier();
    });
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(ThreadTeam, GlobalHasTheUsableCores) {
  EXPECT_GE(ThreadTeam::global().size(), 1);
  EXPECT_EQ(&ThreadTeam::global(), &ThreadTeam::global());
}

}  // namespace
}  // namespace sinter::runtime
