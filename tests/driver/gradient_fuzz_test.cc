// First and second derivatives of random graphs: finite differences agree with them where the function is smooth, and
// the dynamic engine's tape gives the reference's bits. FUZZ_SEEDS=FIRST:COUNT runs other seeds (docs/building.md).
#include <gtest/gtest.h>

#include <cmath>
#include <optional>

#include "ir/graph/reference.h"
#include "ir/graph/text.h"
#include "tests/driver/tape.h"
#include "tests/fuzz/seeds.h"
#include "tests/random_derivatives.h"
#include "tests/random_engine.h"
#include "tests/random_graph.h"

namespace sinter::test {
namespace {

using ir::Graph;
using ir::Literal;
using tests::Derivative;
using Check = std::optional<std::string> (*)(const Graph& graph, uint64_t seed);

tests::RandomGraphOptions options_of(uint64_t seed) {
  return {.operations = static_cast<int>(2 + seed % 11),
          .max_elements = seed % 4 == 0 ? 400 : 40,
          .states = false,
          .calls = seed % 5 == 0};
}

// What a check finds, on a smaller graph.
std::optional<std::string> fuzz(const Graph& graph, uint64_t seed, Check check) {
  if (!check(graph, seed)) return std::nullopt;
  const Graph small = tests::shrink(graph, [&](const Graph& candidate) { return check(candidate, seed).has_value(); });
  return ir::print(small).substr(0, 4000) + check(small, seed).value_or("(not again)");
}

std::optional<std::string> tape_differs(const Graph& graph, uint64_t seed) {
  std::vector<Derivative> derivatives = tests::random_derivatives(graph, seed, 2);
  const std::vector<Literal> inputs = tests::random_inputs(graph, seed);
  for (size_t order = 1; order <= derivatives.size(); ++order) {
    const Graph& last = derivatives[order - 1].gradients;
    const std::vector<Literal> expected = ir::evaluate(last, inputs, ir::Arithmetic::kTyped);
    const std::vector<Literal> found =
        gradients_on_tape(std::span(derivatives).first(order), inputs, seed % 3 == 0 ? 0 : seed);
    for (size_t i = 0; i < expected.size(); ++i)
      if (!tests::same_bits(found[i], expected[i])) return fmt::format("gradient {} of order {} differs", i, order);
  }
  return std::nullopt;
}

TEST(GradientFuzz, TheTapeGivesTheReferencesBits) {
  tests::for_each_seed(tests::seeds(300), [](uint64_t seed) {
    tests::set_stage("on the tape");
    return fuzz(tests::random_graph(seed, options_of(seed)), seed, tape_differs);
  });
}

// A scalar function along a line through its inputs, all floats of which are f64, and a little off, so that no two are
// equal and none is zero: at a tie and at the bend of abs a gradient is one of many.
class Line {
 public:
  Line(const Graph& graph, std::vector<Literal> inputs, uint64_t seed) : graph_(graph), at_(std::move(inputs)) {
    tests::RandomEngine random(seed);
    for (Literal& input : at_) {
      input = ir::to_oracle(input);
      direction_.emplace_back();
      if (!is_float(input.type.dtype)) continue;
      for (double& x : input.view<double>()) {
        x += random.uniform(0.001, 0.01);
        direction_.back().push_back(random.uniform(-1, 1));
      }
    }
  }
  double operator()(double by) const {
    std::vector<Literal> inputs = at_;
    for (size_t i = 0; i < inputs.size(); ++i)
      for (size_t k = 0; k < direction_[i].size(); ++k) inputs[i].view<double>()[k] += by * direction_[i][k];
    return ir::evaluate(graph_, inputs, ir::Arithmetic::kOracle)[0].view<double>()[0];
  }
  // The derivative at 0, by the gradients of this graph.
  double slope(const Graph& gradients) const {
    const std::vector<Literal> found = ir::evaluate(gradients, at_, ir::Arithmetic::kOracle);
    double sum = 0;
    size_t next = 0;
    for (size_t i = 0; i < at_.size(); ++i) {
      if (!is_float(at_[i].type.dtype)) continue;
      const auto gradient = found[next++].view<double>();
      for (size_t k = 0; k < gradient.size(); ++k) sum += gradient[k] * direction_[i][k];
    }
    return sum;
  }

 private:
  const Graph& graph_;
  std::vector<Literal> at_;
  std::vector<std::vector<double>> direction_;
};

// Differences of steps that do not agree with each other stand at a kink, a jump, or where rounding is all there is.
std::optional<double> smooth_slope(const Line& f) {
  constexpr double kStep = 1e-5;
  const double here = f(0), right = f(kStep), left = f(-kStep);
  const double wide = (f(2 * kStep) - f(-2 * kStep)) / (4 * kStep), narrow = (right - left) / (2 * kStep);
  const double one_side = (right - here) / kStep, other_side = (here - left) / kStep;
  const double scale = std::max(1.0, std::abs(narrow));
  const bool smooth = std::abs(wide - narrow) < 1e-5 * scale && std::abs(one_side - other_side) < 1e-3 * scale &&
                      std::abs(here) < 1e4 * scale;
  return smooth ? std::optional(narrow) : std::nullopt;
}

int g_judged = 0, g_flat = 0, g_not_judged = 0;

std::optional<std::string> slope_differs(const Graph& graph, uint64_t seed) {
  const std::vector<Literal> inputs = tests::random_inputs(graph, seed, /*extremes=*/false);
  for (const Derivative& derivative : tests::random_derivatives(graph, seed, 2)) {
    const Line line(derivative.of, inputs, seed);
    const std::optional<double> expected = smooth_slope(line);
    const double found = line.slope(derivative.gradients);
    ++(!expected ? g_not_judged : *expected == 0 ? g_flat : g_judged);
    if (expected && !(std::abs(found - *expected) < 1e-4 * std::max(1.0, std::abs(*expected))))
      return fmt::format("a slope is {}, by finite differences {}", found, *expected);
  }
  return std::nullopt;
}

TEST(GradientFuzz, FiniteDifferencesAgree) {
  tests::for_each_seed(tests::seeds(300), [](uint64_t seed) {
    tests::set_stage("finite differences");
    tests::RandomGraphOptions options = options_of(seed);
    options.stop_gradients = false;
    options.extremes = false;
    options.random_bits = false;
    options.integers = seed % 4 == 0;  // most of what they lead to is flat
    return fuzz(tests::random_graph(seed, options), seed, slope_differs);
  });
  const int all = g_judged + g_flat + g_not_judged;
  EXPECT_TRUE(all < 500 || 3 * g_judged > all) << g_judged << " judged, " << g_flat << " flat, of " << all;
}

TEST(GradientFuzz, SeesAWrongGradient) {
  const Graph graph = ir::parse("func @f(%x: f32[3]) -> f32[3] { %0 = stop_gradient %x return %0 }")[0];
  EXPECT_TRUE(slope_differs(graph, 1).has_value());
}

}  // namespace
}  // namespace sinter::test
