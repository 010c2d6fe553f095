// The arithmetic of the benchmark's report, on figures that can be checked in the head.
#include "bench/report.h"

#include <gmock/gmock.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "support/error.h"

namespace sinter::bench {
namespace {

using testing::HasSubstr;

Measurement measurement() {
  return {.workload = "gemm/64",
          .engine = "static",
          .microseconds = summarise({8, 10, 12}),
          .bytes = 1e6,
          .flops = 2e6,
          .triad = 200,
          .fma = 400,
          .kernels = 3,
          .barriers = 2,
          .bytes_moved = 2'500'000};
}

TEST(Report, RatesAndSharesComeFromTheMedian) {
  const Line line = line_of(measurement());
  EXPECT_DOUBLE_EQ(line.gigabytes, 100);
  EXPECT_DOUBLE_EQ(line.share_of_triad, 0.5);
  EXPECT_DOUBLE_EQ(line.gigaflops, 200);
  EXPECT_DOUBLE_EQ(line.share_of_fma, 0.5);
}

TEST(Report, TheLeastMayCountInstead) {
  Measurement found = measurement();
  found.by_least = true;
  EXPECT_DOUBLE_EQ(line_of(found).gigabytes, 125);
  EXPECT_THAT(text_line(line_of(found)), HasSubstr("8.00"));
  EXPECT_THAT(text_head({}, true), HasSubstr("least us"));
  EXPECT_THAT(text_head({}), HasSubstr("median us"));
}

TEST(Report, TheLargerShareCounts) {
  Measurement found = measurement();
  found.triad = 125;
  EXPECT_DOUBLE_EQ(line_of(found).share(), 0.8);
  found.flops = 3.6e6;
  EXPECT_DOUBLE_EQ(line_of(found).share(), 0.9);
}

TEST(Report, WhatWasNotProbedHasNoShare) {
  Measurement found = measurement();
  found.triad = 0;
  found.fma = 0;
  const Line line = line_of(found);
  EXPECT_EQ(line.share(), 0);
  EXPECT_DOUBLE_EQ(line.gigabytes, 100);
  EXPECT_THAT(text_line(line), HasSubstr(" -"));
}

TEST(Report, TextShowsTheFigures) {
  const std::string text = text_line(line_of(measurement()));
  for (const char* part : {"gemm/64", "static", "10.0", "40 %", "100.0", "50 %", "200.0", "2.5 MB"})
    EXPECT_THAT(text, HasSubstr(part));
}

TEST(Report, JsonHoldsFiguresAndMachine) {
  Measurement cold = measurement();
  cold.compiled = 14;
  const std::array lines{line_of(measurement()), line_of(cold)};
  const nlohmann::json all = to_json({.processor = "some", .threads = 2, .fma = 400, .load = 1, .date = "d"}, lines);
  EXPECT_EQ(all["machine"]["processor"], "some");
  EXPECT_EQ(all["lines"][0]["median_us"], 10);
  EXPECT_EQ(all["lines"][0]["least_us"], 8);
  EXPECT_EQ(all["lines"][0]["share_of_triad"], 0.5);
  EXPECT_FALSE(all["lines"][0].contains("compiled"));
  EXPECT_EQ(all["lines"][1]["compiled"], 14);
}

TEST(Report, PlotsShares) {
  const std::string png = (std::filesystem::path(testing::TempDir()) / "shares.png").string();
  Measurement dynamic = measurement();
  dynamic.engine = "dynamic";
  Measurement bare = measurement();
  bare.workload = "call";
  bare.triad = bare.fma = 0;
  plot_shares(png, std::array{line_of(measurement()), line_of(dynamic), line_of(bare)});
  std::ifstream file(png, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(bytes, testing::StartsWith("\x89PNG"));
  EXPECT_THROW(plot_shares(png, std::array{line_of(bare)}), RuntimeError);
  try {
    plot_shares("/no/such/folder/shares.png", std::array{line_of(measurement())});
    FAIL();
  } catch (const RuntimeError& error) {
    EXPECT_THAT(error.what(),
                testing::AllOf(testing::HasSubstr("/no/such/folder/shares.png was not written"),
                               testing::HasSubstr("cannot open file"), testing::HasSubstr("gnuplot-nox")));
  }
}

}  // namespace
}  // namespace sinter::bench
