// `sinter contrast` end to end on small sizes: counts and bits. Times are not looked at.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/end_to_end/program.h"

namespace sinter {
namespace {

using testing::HasSubstr;

nlohmann::json contrast_of(const std::string& program) {
  const Ran ran = run_program("tools/sinter", {"contrast", program, "--quick", "--json"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  return nlohmann::json::parse(ran.out, nullptr, /*exceptions=*/false);
}

TEST(ContrastCommand, ProgramsThatBothEnginesRun) {
  for (const std::string program : {"mlp", "regression", "chain", "softmax_ce", "shapes"}) {
    SCOPED_TRACE(program);
    const nlohmann::json all = contrast_of(program);
    ASSERT_TRUE(all.contains("engines"));
    const nlohmann::json& engines = all["engines"];
    EXPECT_EQ(engines["bits_equal"], true);
    EXPECT_LT(engines["static"]["kernels"], engines["dynamic"]["kernels"]);
    EXPECT_LE(engines["static"]["bytes_moved"], engines["dynamic"]["bytes_moved"]);
    EXPECT_GT(engines["static"]["operations"], 0);
    EXPECT_GT(all["cold"]["static_compiled"], 0);
    EXPECT_EQ(all["warm"]["static_compiled"], 0);
    EXPECT_EQ(all["warm"]["dynamic_compiled"], 0);
    EXPECT_GE(all["warm"]["raced_runs"], 20);
  }
}

TEST(ContrastCommand, CountsOfTheTrainingStep) {
  const nlohmann::json engines = contrast_of("mlp")["engines"];
  EXPECT_LE(engines["static"]["kernels"], 16);
  EXPECT_EQ(engines["dynamic"]["kernels"], 38);
  EXPECT_GT(engines["dynamic"]["operations"], engines["dynamic"]["kernels"]);
}

TEST(ContrastCommand, ABranchOnDataIsForTheDynamicEngine) {
  const nlohmann::json all = contrast_of("branch");
  EXPECT_TRUE(all["engines"].contains("refusal"));
  EXPECT_FALSE(all.contains("cold"));
}

TEST(ContrastCommand, TextAndUsage) {
  const Ran ran = run_program("tools/sinter", {"contrast", "chain", "--quick"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  for (const char* part : {"kernels launched", "peak memory", "bits: equal", "cold cache", "warm cache", "N* ="})
    EXPECT_THAT(ran.out, HasSubstr(part));
  EXPECT_EQ(run_program("tools/sinter", {"contrast", "chains"}).status, 2);
  EXPECT_THAT(run_program("tools/sinter", {"contrast", "--help"}).out, HasSubstr("softmax_ce"));
}

}  // namespace
}  // namespace sinter
