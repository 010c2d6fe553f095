// Contrasts of small functions in this process: counts, bits, and the arithmetic of the break-even. Times are not
// looked at.
#include "frontend/contrast.h"

#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sinter/sinter.h"

namespace sinter {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr ContrastOptions kQuick{.rounds = 1, .seconds = 0.0001};

TEST(BreakEven, IsThePriceByTheGain) {
  EXPECT_DOUBLE_EQ(break_even(10, 2, 50, 90), 200);
  EXPECT_EQ(break_even(2, 10, 50, 90), 0) << "cheaper from the start";
  EXPECT_TRUE(std::isinf(break_even(10, 2, 90, 50)));
  EXPECT_TRUE(std::isinf(break_even(1, 2, 90, 90)));
}

TEST(BreakEven, InWords) {
  EXPECT_EQ(verdict(156.2), "static is ahead from run 157 on");
  EXPECT_EQ(verdict(0.5), "static is ahead from the first run on");
  EXPECT_EQ(verdict(INFINITY), "static is never ahead");
}

TEST(BreakEven, TheCrossingIsWhereStaticStaysAhead) {
  constexpr std::array fixed{5., 6., 7., 8.};
  EXPECT_EQ(crossing(fixed, std::array{2., 4., 7., 9.}), 3);
  EXPECT_EQ(crossing(fixed, std::array{6., 7., 8., 9.}), 1);
  EXPECT_EQ(crossing(fixed, std::array{2., 4., 6., 7.}), std::nullopt);
  EXPECT_EQ(crossing(fixed, std::array{6., 5., 7.5, 9.}), 3) << "ahead once is not ahead for good";
}

TEST(Contrast, ATrainingStepIsEqualToTheBit) {
  nn::Linear layer(6, 3);
  optim::Adam adam(layer.parameters(), {.lr = 0.01});
  const auto step = [&](const Tensor& x, const Tensor& labels) {
    adam.zero_grad();
    Tensor loss = cross_entropy(layer(x), labels);
    loss.backward();
    adam.step();
    return loss;
  };
  const Tensor before = layer.weight.detach().clone();
  const Contrast report = contrast(two_engines(step, randn({4, 6}), tensor({0, 2, 1, 1})), kQuick);
  EXPECT_EQ(report.refusal, "");
  EXPECT_EQ(report.difference, "");
  EXPECT_GT(report.dynamic.kernels, 2 * report.compiled.kernels);
  EXPECT_GT(report.dynamic.operations, report.dynamic.kernels) << "views are operations and launch nothing";
  EXPECT_GT(report.dynamic.bytes_moved, report.compiled.bytes_moved);
  EXPECT_GT(report.dynamic.peak_bytes, 0);
  EXPECT_EQ(before.to_vector<float>(), layer.weight.to_vector<float>()) << "state is put back";
}

TEST(Contrast, CountsAreExact) {
  const auto f = [](const Tensor& x, const Tensor& y) { return relu(x * y + x); };
  const Contrast report = contrast(two_engines(f, ones({32}), ones({32})), kQuick);
  EXPECT_EQ(report.compiled.kernels, 1);
  EXPECT_EQ(report.dynamic.kernels, 3);
  EXPECT_EQ(report.dynamic.operations, 3);
  EXPECT_EQ(report.compiled.bytes_moved, 3 * 32 * 4);
  EXPECT_EQ(report.dynamic.bytes_moved, (3 + 3 + 2) * 32 * 4);
}

TEST(Contrast, ADifferenceIsNamed) {
  int calls = 0;  // a trace sees one value of it for ever
  const Tensor sum = variable(tensor({0.}), "sum");
  const auto f = [&](const Tensor& x) {
    sum.set(sum + x * ++calls);
    return x + 1;
  };
  const Contrast report = contrast(two_engines(f, tensor({1.})), kQuick);
  EXPECT_EQ(report.difference, "cell sum");
  EXPECT_THAT(to_text(report), HasSubstr("DIFFERENT in cell sum"));
  EXPECT_EQ(nlohmann::json::parse(to_json(report))["bits_equal"], false);
}

TEST(Contrast, WhatCannotBeTracedIsSaid) {
  const Contrast report =
      contrast(two_engines([](const Tensor& x) { return x.sum().item() > 0 ? x * 2 : x * 3; }, ones({4})), kQuick);
  EXPECT_THAT(report.refusal, HasSubstr("where("));
  EXPECT_EQ(report.dynamic.kernels, 2);
  EXPECT_TRUE(std::isinf(report.runs_to_break_even()));
  EXPECT_THAT(to_text(report), HasSubstr("the static engine cannot run it"));
  EXPECT_TRUE(nlohmann::json::parse(to_json(report)).contains("refusal"));
}

TEST(Contrast, ArgumentsMayChangeInEveryRun) {
  const auto rows = [](int64_t run) { return std::tuple(ones({run + 1, 3})); };
  const Contrast report = contrast(two_engines_over([](const Tensor& x) { return softmax(x, 1); }, rows), kQuick);
  EXPECT_EQ(report.difference, "");
}

TEST(Contrast, TakesAFunctionAndItsArguments) {
  const Contrast report = contrast([](const Tensor& x) { return x * 2; }, ones({3}));
  EXPECT_THAT(to_text(report), AllOf(HasSubstr("kernels launched"), HasSubstr("bits: equal after 3 runs of each")));
}

}  // namespace
}  // namespace sinter
