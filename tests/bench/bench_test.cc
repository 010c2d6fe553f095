// The suite end to end on small sizes: what it runs, counts and writes. Times are not looked at.
#include <gmock/gmock.h>

#include <map>
#include <nlohmann/json.hpp>

#include "tests/end_to_end/program.h"

namespace sinter {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

// Lines by "workload engine".
std::map<std::string, nlohmann::json> lines_of(const std::vector<std::string>& names) {
  std::vector<std::string> arguments{"--quick", "--threads", "2", "--json", "out.json"};
  arguments.insert(arguments.end(), names.begin(), names.end());
  const Ran ran = run_program("bench/bench", arguments);
  EXPECT_EQ(ran.status, 0) << ran.err;
  std::map<std::string, nlohmann::json> lines;
  const nlohmann::json all = nlohmann::json::parse(bytes_of(scratch() / "out.json"), nullptr, /*exceptions=*/false);
  if (all.is_discarded()) return lines;
  EXPECT_GT(all["machine"]["fma_peak_gflops"], 0.);
  for (const nlohmann::json& line : all["lines"]) {
    const std::string workload = line["workload"], engine = line["engine"];
    EXPECT_THAT(ran.out, HasSubstr("\n" + workload + " "));
    EXPECT_GT(line["median_us"], 0.);
    lines[workload + " " + engine] = line;
  }
  return lines;
}

TEST(Bench, ElementwiseAndRows) {
  auto lines = lines_of({"relu", "softmax", "softmax_ce", "layer_norm", "call"});
  EXPECT_EQ(lines.size(), 2u * (4 + 1 + 1 + 1 + 1));
  const nlohmann::json &fused = lines["relu/4m static"], &single = lines["relu/4m dynamic"];
  EXPECT_EQ(fused["kernels"], 1);
  EXPECT_EQ(single["kernels"], 5);
  EXPECT_EQ(fused["bytes_moved"], 3 * 96 * 4);
  EXPECT_GT(single["bytes_moved"], fused["bytes_moved"]);
  EXPECT_EQ(fused["bytes"], 3 * 96 * 4);
  EXPECT_GT(fused["share_of_triad"], 0.);
  EXPECT_EQ(lines["softmax static"]["kernels"], 1);
  EXPECT_EQ(lines["softmax dynamic"]["kernels"], 1) << "a composite";
  EXPECT_LT(lines["softmax_ce static"]["kernels"], 4);
  EXPECT_LT(lines["layer_norm static"]["kernels"], lines["layer_norm dynamic"]["kernels"]);
  EXPECT_EQ(lines["call static"]["kernels"], 1);
}

TEST(Bench, Plots) {
  const Ran ran = run_program("bench/bench", {"--quick", "--plot", "out.png", "gemm"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(bytes_of(scratch() / "out.png"), StartsWith("\x89PNG"));
}

TEST(Bench, TrainingAndProducts) {
  auto lines = lines_of({"mlp/64", "regression", "gemm/64"});
  EXPECT_EQ(lines.size(), 6u);
  EXPECT_LE(lines["mlp/64 static"]["kernels"], 16);
  EXPECT_EQ(lines["mlp/64 dynamic"]["kernels"], 38);
  EXPECT_EQ(lines["gemm/64 static"]["flops"], 2 * 16 * 16 * 16);
  EXPECT_EQ(lines["gemm/64 dynamic"]["kernels"], 1);
  EXPECT_GT(lines["gemm/64 static"]["share_of_fma_peak"], 0.);
}

TEST(Bench, TheFirstStepOfAProcess) {
  auto lines = lines_of({"first"});
  EXPECT_EQ(lines.size(), 6u);
  for (const std::string engine : {"static", "dynamic"}) {
    EXPECT_GT(lines["first/cold " + engine]["compiled"], 5) << engine;
    EXPECT_EQ(lines["first/second " + engine]["compiled"], 0) << engine;
    EXPECT_GE(lines["first/cold " + engine]["kernels"], engine == "static" ? 8 : 38);
  }
}

TEST(Bench, WhatItRefuses) {
  const Ran unknown = run_program("bench/bench", {"--quick", "gem"});
  EXPECT_EQ(unknown.status, 1);
  EXPECT_THAT(unknown.err, AllOf(HasSubstr("there is no workload 'gem'"), HasSubstr("--list")));
  EXPECT_NE(run_program("bench/bench", {"--threads", "none"}).status, 0);
  const Ran variable = run_program("bench/bench", {"--list"}, {{"SINTER_THREADS", "many"}});
  EXPECT_NE(variable.status, 0);
  EXPECT_THAT(variable.err, HasSubstr("SINTER_THREADS"));
  const Ran help = run_program("bench/bench", {"--help"});
  EXPECT_EQ(help.status, 0);
  for (const char* flag :
       {"--json", "--plot", "--threads", "--repetitions", "--seconds", "--quick", "--list", "--peers"})
    EXPECT_THAT(help.out, HasSubstr(flag));
  const Ran list = run_program("bench/bench", {"--list"});
  EXPECT_THAT(list.lines(), testing::IsSupersetOf({"mlp/8", "gemm/512x784x128", "call", "first/cold"}));
}

}  // namespace
}  // namespace sinter
