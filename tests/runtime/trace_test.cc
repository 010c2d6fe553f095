// Traces: what was added is found in the file, which is JSON whatever the names hold.
#include "runtime/trace.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/runtime/scratch.h"

namespace sinter::runtime {
namespace {

nlohmann::json events(const Trace& trace) {
  Scratch scratch;
  trace.write(scratch / "trace.json");
  std::ifstream file(scratch / "trace.json");
  return nlohmann::json::parse(file).at("traceEvents");
}

TEST(Trace, StretchesHaveTheirTimes) {
  Trace trace;
  EXPECT_TRUE(events(trace).empty());
  const auto now = Trace::Clock::now();
  trace.add("a \"name\"\n\xff", now, now + std::chrono::nanoseconds(2500), 3, "detail");
  const nlohmann::json all = events(trace);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0]["dur"], 2.5);
  EXPECT_EQ(all[0]["tid"], 3);
  EXPECT_EQ(all[0]["ph"], "X");
  EXPECT_EQ(all[0]["name"], "a \"name\"\n\ufffd");
  EXPECT_EQ(all[0]["args"]["detail"], "detail");
}

TEST(Trace, ScopesNestAndThreadsAddAtOnce) {
  Trace trace;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([&trace, thread] {
      for (int i = 0; i < 100; ++i) {
        TraceScope outer(&trace, "outer", thread);
        TraceScope inner(&trace, "inner", thread);
        TraceScope none(nullptr, "none");
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(trace.size(), 800u);
  const nlohmann::json all = events(trace);
  EXPECT_EQ(all[0]["name"], "inner");
}

}  // namespace
}  // namespace sinter::runtime
