// The order of tasks: random ones, whose dependencies it must respect, and whose memory it must bound.
#include "passes/plan/phases.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "support/work.h"

namespace sinter::passes {
namespace {

struct Program {
  std::vector<Task> tasks;
  std::vector<size_t> bytes;
};

// Tasks that make a value or none and read some of the values before, mostly near ones; some wait for others besides.
Program random_program(uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  Program made;
  const size_t count = 1 + below(60), reach = 1 + below(60);
  for (size_t t = 0; t < count; ++t) {
    Task task;
    task.instant = below(12) == 0;
    for (size_t i = below(4); i > 0 && t > 0; --i) {
      const size_t before = t - 1 - below(std::min(t, reach));
      task.after.push_back(static_cast<uint32_t>(before));
      if (task.instant) continue;
      for (uint32_t value : made.tasks[before].makes)
        if (std::ranges::find(task.reads, value) == task.reads.end()) task.reads.push_back(value);
    }
    if (!task.instant && below(6) > 0) {
      task.makes = {static_cast<uint32_t>(made.bytes.size())};
      made.bytes.push_back(below(3) == 0 ? 0 : 1 + below(100));
    }
    made.tasks.push_back(std::move(task));
  }
  return made;
}

// Bytes alive in each of the steps in which tasks run, the fullest.
size_t peak_of(const Program& program, const std::vector<int>& step_of) {
  std::vector<int> first(program.bytes.size()), last(program.bytes.size(), -1);
  int steps = 0;
  for (size_t t = 0; t < program.tasks.size(); ++t) {
    if (program.tasks[t].instant) continue;
    steps = std::max(steps, step_of[t] + 1);
    for (uint32_t value : program.tasks[t].makes) {
      first[value] = step_of[t];
      last[value] = std::max(last[value], step_of[t]);
    }
    for (uint32_t value : program.tasks[t].reads) last[value] = std::max(last[value], step_of[t]);
  }
  size_t peak = 0;
  for (int step = 0; step < steps; ++step) {
    size_t alive = 0;
    for (size_t value = 0; value < program.bytes.size(); ++value)
      if (first[value] <= step && step <= last[value]) alive += program.bytes[value];
    peak = std::max(peak, alive);
  }
  return peak;
}

TEST(Phases, RandomTasksWaitAndFit) {
  size_t bounded = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const Program program = random_program(seed);
    std::vector<int> one_by_one(program.tasks.size());
    for (size_t t = 0, next = 0; t < program.tasks.size(); ++t)
      one_by_one[t] = static_cast<int>(program.tasks[t].instant ? next : next++);
    const size_t least = peak_of(program, one_by_one);
    for (const size_t spare : {size_t{0}, size_t{100}, size_t{1} << 20}) {
      const Phases phases = find_phases(program.tasks, program.bytes, spare);
      EXPECT_EQ(phases.peak, peak_of(program, phases.of)) << seed;
      EXPECT_LE(phases.peak, least + spare) << seed;
      bounded += spare == 0 && phases.peak < find_phases(program.tasks, program.bytes, size_t{1} << 20).peak;
      // What an instant task waits for, whoever waits for it waits for, too.
      std::vector<int> ends(program.tasks.size(), -1);
      for (size_t t = 0; t < program.tasks.size(); ++t) {
        int latest = -1;
        for (uint32_t before : program.tasks[t].after) latest = std::max(latest, ends[before]);
        ends[t] = program.tasks[t].instant ? latest : phases.of[t];
        EXPECT_LT(latest, program.tasks[t].instant ? phases.count : phases.of[t]) << seed << ", task " << t;
        EXPECT_LT(ends[t], phases.count) << seed;
      }
    }
  }
  EXPECT_GT(bounded, 500u) << "the programs are wide";
}

// Pieces of three tasks: one makes 1 MB, one makes 10 MB of it, one sums that up.
TEST(Phases, PiecesRunSideBySideUpToTheBound) {
  const auto program = [](uint32_t pieces) {
    Program made;
    for (uint32_t piece = 0; piece < pieces; ++piece) {
      const uint32_t task = 3 * piece, value = 3 * piece;
      made.tasks.push_back({{}, {}, {value}});
      made.tasks.push_back({{task}, {value}, {value + 1}});
      made.tasks.push_back({{task + 1}, {value + 1}, {value + 2}});
      for (size_t bytes : {1'000'000, 10'000'000, 4}) made.bytes.push_back(bytes);
    }
    return made;
  };
  const auto phases = [&](uint32_t pieces) {
    const Program it = program(pieces);
    return find_phases(it.tasks, it.bytes, 4'000'000);
  };
  EXPECT_EQ(phases(1).count, 3);
  for (const uint32_t pieces : {10u, 100u, 1000u}) EXPECT_LE(phases(pieces).peak, 15'100'000u) << pieces;
  Program small = program(100);
  for (size_t& bytes : small.bytes) bytes /= 1000;
  EXPECT_EQ(find_phases(small.tasks, small.bytes, 4'000'000).count, 3) << "what is small runs as early as it can";
  const auto work = [&](uint32_t pieces) {
    const uint64_t before = work_done();
    (void)phases(pieces);
    return work_done() - before;
  };
  EXPECT_LE(work(2000), 23 * work(1000) / 10);
}

}  // namespace
}  // namespace sinter::passes
