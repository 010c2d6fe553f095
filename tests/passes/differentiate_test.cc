// Gradients against finite differences of the oracle, up to the third derivative, and what the pass promises besides
// values.
#include "passes/differentiate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ir/graph/reference.h"
#include "ir/graph/text.h"
#include "passes/inline_calls.h"
#include "tests/random_engine.h"

namespace sinter::passes {
namespace {

using ir::Graph;
using ir::Literal;
using ir::Value;
using testing::HasSubstr;
using testing::Property;
using testing::Throws;

Literal random_direction(tests::RandomEngine& random, const ir::Type& type, double low, double high) {
  Literal literal = Literal::zeros(type);
  for (double& element : literal.view<double>()) element = random.uniform(low, high);
  return literal;
}

// Compares the derivative of result 0 along a random direction with central differences; then makes a scalar of all
// gradients, and does the same to that, `order` times. All parameters are f64.
void check_derivatives(std::string_view text, int order, double low = -1, double high = 1) {
  tests::RandomEngine random(7);
  Graph graph = ir::parse(text)[0];
  std::vector<Value> parameters;
  std::vector<Literal> at, direction;
  for (const ir::Parameter& parameter : graph.parameters()) {
    parameters.push_back(parameter.value);
    at.push_back(random_direction(random, graph.type(parameter.value), low, high));
    direction.push_back(random_direction(random, graph.type(parameter.value), -1, 1));
  }
  const auto moved = [&](double by) {
    std::vector<Literal> inputs = at;
    for (size_t i = 0; i < inputs.size(); ++i)
      for (size_t k = 0; k < inputs[i].view<double>().size(); ++k)
        inputs[i].view<double>()[k] += by * direction[i].view<double>()[k];
    return ir::evaluate(graph, inputs, ir::Arithmetic::kOracle)[0].view<double>()[0];
  };
  for (int k = 1; k <= order; ++k) {
    const Value of = graph.results[0];
    const auto gradients = differentiate(graph, of, parameters);
    constexpr double kStep = 1e-5;
    const double expected = (moved(kStep) - moved(-kStep)) / (2 * kStep);
    graph.results.clear();
    for (size_t i = 0; i < parameters.size(); ++i) {
      ASSERT_TRUE(gradients[i].has_value()) << "order " << k << ", parameter " << i;
      graph.results.push_back(*gradients[i]);
    }
    ir::verify(graph);
    const auto values = ir::evaluate(graph, at, ir::Arithmetic::kOracle);
    double along = 0;
    for (size_t i = 0; i < values.size(); ++i)
      for (size_t e = 0; e < values[i].view<double>().size(); ++e)
        along += values[i].view<double>()[e] * direction[i].view<double>()[e];
    EXPECT_NEAR(along, expected, 1e-6 * std::max(1.0, std::abs(expected))) << "order " << k;
    // The next scalar: all gradients, weighted unevenly.
    ir::GraphBuilder b(graph);
    std::optional<Value> sum;
    for (size_t i = 0; i < parameters.size(); ++i) {
      const ir::Type type = graph.type(*gradients[i]);
      const Value weighted =
          ir::elementwise(b, "mul", {*gradients[i], ir::constant(b, random_direction(random, type, 0.5, 1.5))});
      ir::Integers all;
      for (int64_t axis = 0; axis < type.shape.rank(); ++axis) all.push_back(axis);
      const Value part = ir::reduce(b, "sum", weighted, all);
      sum = sum ? ir::elementwise(b, "add", {*sum, part}) : part;
    }
    graph.results = {*sum};
  }
}

TEST(Differentiate, ThirdDerivativesOfAScalarFunction) {
  check_derivatives(R"(func @f(%x: f64[]) -> f64[] {
  %0 = sin %x
  %1 = exp %0
  %2 = mul %1, %x
  %3 = mul %2, %x
  return %3
})",
                    3);
}

TEST(Differentiate, ThirdDerivativesOfAnMlp) {
  check_derivatives(R"(func @f(%x: f64[3, 4], %w: f64[4, 5], %b: f64[5], %v: f64[5, 2]) -> f64[] {
  %0 = dot %x, %w
  %1 = broadcast %b {shape = [3, 5], axes = [1]}
  %2 = add %0, %1
  %3 = tanh %2
  %4 = dot %3, %v
  %5 = mul %4, %4
  %6 = mul %5, %4
  %7 = reduce_sum %6 {axes = [0, 1]}
  return %7
})",
                    3);
}

TEST(Differentiate, SecondDerivativesOfLogSoftmax) {
  check_derivatives(R"(func @f(%x: f64[3, 4]) -> f64[] {
  %0 = reduce_max %x {axes = [1]}
  %1 = stop_gradient %0
  %2 = broadcast %1 {shape = [3, 4], axes = [0]}
  %3 = sub %x, %2
  %4 = exp %3
  %5 = reduce_sum %4 {axes = [1]}
  %6 = log %5
  %7 = constant i64[3] {1, 0, 3}
  %8 = gather %3, %7 {axis = 1, batch = 1}
  %9 = sub %6, %8
  %10 = reduce_sum %9 {axes = [0]}
  return %10
})",
                    2);
}

TEST(Differentiate, SecondDerivativesThroughViews) {
  check_derivatives(R"(func @f(%x: f64[2, 6], %y: f64[3]) -> f64[] {
  %0 = reshape %x {shape = [3, 4]}
  %1 = transpose %0 {order = [1, 0]}
  %2 = slice %1 {start = [1, 0], limit = [4, 3], step = [2, 1]}
  %3 = constant f64[] {0.5}
  %4 = pad %2, %3 {low = [1, 0], high = [0, 0], interior = [0, 0]}
  %5 = broadcast %y {shape = [3, 3], axes = [1]}
  %6 = concat %4, %5 {axis = 0}
  %7 = mul %6, %6
  %8 = mul %7, %6
  %9 = reduce_sum %8 {axes = [0, 1]}
  return %9
})",
                    2);
}

TEST(Differentiate, AddsContributionsFromTheLastUseLeftToRight) {
  Graph graph = ir::parse(R"(func @f(%x: f32[]) -> f32[] {
  %0 = neg %x
  %1 = sub %x, %x
  %2 = add %0, %1
  return %2
})")[0];
  const Value x = graph.parameters()[0].value;
  graph.results = {differentiate(graph, graph.results[0], std::array{x})[0].value()};
  EXPECT_THAT(ir::print(graph), HasSubstr(R"(  %3 = constant f32[] {1}
  %4 = neg %3
  %5 = neg %3
  %6 = add %3, %4
  %7 = add %6, %5
  return %7)"));
}

TEST(Differentiate, NothingFlowsWhereNothingDepends) {
  Graph graph = ir::parse(R"(func @f(%x: f32[2], %y: f32[2], %i: i64[2], %z: f32[2]) -> f32[] {
  %0 = stop_gradient %y
  %1 = mul %x, %0
  %2 = to_f32 %i
  %3 = to_i64 %z
  %4 = to_f32 %3
  %5 = mul %1, %2
  %6 = mul %5, %4
  %7 = reduce_sum %6 {axes = [0]}
  return %7
})")[0];
  std::vector<Value> all;
  for (const ir::Parameter& parameter : graph.parameters()) all.push_back(parameter.value);
  const auto gradients = differentiate(graph, graph.results[0], all);
  EXPECT_TRUE(gradients[0].has_value());
  EXPECT_FALSE(gradients[1].has_value());
  EXPECT_FALSE(gradients[2].has_value());
  EXPECT_FALSE(gradients[3].has_value());
}

TEST(Differentiate, AppendsNothingWhenNothingDepends) {
  Graph graph = ir::parse("func @f(%x: f32[], %y: f32[]) -> f32[] { %0 = exp %y return %0 }")[0];
  const size_t before = graph.ops().size();
  EXPECT_FALSE(differentiate(graph, graph.results[0], std::array{graph.parameters()[0].value})[0].has_value());
  EXPECT_EQ(graph.ops().size(), before);
}

TEST(Differentiate, ByItselfAndByInnerValues) {
  Graph graph = ir::parse("func @f(%x: f32[]) -> f32[] { %0 = exp %x %1 = mul %0, %0 return %1 }")[0];
  const Value inner{1, 0}, of = graph.results[0];
  const auto gradients = differentiate(graph, of, std::array{of, inner, graph.parameters()[0].value});
  graph.results = {*gradients[0], *gradients[1], *gradients[2]};
  const auto values = ir::evaluate(graph, std::array{Literal::scalar(0.0F)}, ir::Arithmetic::kTyped);
  EXPECT_EQ(values[0], Literal::scalar(1.0F));
  EXPECT_EQ(values[1], Literal::scalar(2.0F));
  EXPECT_EQ(values[2], Literal::scalar(2.0F));
}

TEST(Differentiate, TakesASeed) {
  Graph graph = ir::parse("func @f(%x: f32[2], %ct: f32[2]) -> f32[2] { %0 = mul %x, %x return %0 }")[0];
  const Value x = graph.parameters()[0].value, ct = graph.parameters()[1].value, of = graph.results[0];
  EXPECT_THAT([&] { (void)differentiate(graph, of, std::array{x}); },
              Throws<GraphError>(Property(&GraphError::what, HasSubstr("expected a scalar"))));
  EXPECT_TRUE(differentiate(graph, of, std::array{x}, ct)[0].has_value());
}

TEST(Differentiate, NewOperationsCarryTheLinesOfTheOldOnes) {
  Graph graph = ir::parse(
      "func @f(%x: f32[]) -> f32[] { %0 = exp %x scope(\"net.fc\") loc(\"a.cc\":3, \"b.cc\":1) return %0 }")[0];
  (void)differentiate(graph, graph.results[0], std::array{graph.parameters()[0].value});
  for (size_t i = 2; i < graph.ops().size(); ++i) {
    EXPECT_EQ(graph.ops()[i].locations, graph.ops()[1].locations);
    EXPECT_EQ(graph.ops()[i].scope, "net.fc");
  }
}

TEST(Differentiate, CallsAreInlinedFirst) {
  const std::string text =
      "func @g(%x: f32[]) -> f32[] { %0 = exp %x return %0 } func @f(%x: f32[]) -> f32[] { %0 = call @g(%x) return %0 "
      "}";
  Graph graph = ir::parse(text)[1];
  const Value x = graph.parameters()[0].value;
  EXPECT_THAT([&] { (void)differentiate(graph, graph.results[0], std::array{x}); },
              Throws<GraphError>(Property(&GraphError::what, HasSubstr("a call of @g cannot be differentiated"))));
  Graph inlined = inline_calls(ir::parse(text)[1]).graph;
  EXPECT_TRUE(differentiate(inlined, inlined.results[0], std::array{x})[0].has_value());
}

}  // namespace
}  // namespace sinter::passes
