// Compilation is nearly linear: twice the program is about twice the steps of every stage, whatever its form. Counted,
// not timed.
#include "support/work.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "driver/kernels.h"
#include "passes/differentiate.h"
#include "passes/fuse/fuse.h"
#include "passes/pipeline.h"
#include "passes/plan/barriers.h"
#include "passes/plan/plan.h"

namespace sinter::driver {
namespace {

using ir::Value;

// Builds a program of about n operations; its result is what is made of %x.
struct Kind {
  const char* name;
  std::function<Value(ir::GraphBuilder& b, Value x, int64_t n)> make;
  int64_t n;  // beyond what a kernel holds, 256 operations
};

Value tanh(ir::Builder& b, Value x) { return ir::elementwise(b, "tanh", {x}); }
Value add(ir::Builder& b, Value x, Value y) { return ir::elementwise(b, "add", {x, y}); }
Value mul(ir::Builder& b, Value x, Value y) { return ir::elementwise(b, "mul", {x, y}); }
Value scaled(ir::Builder& b, Value x, int64_t by) {
  return mul(b, x, ir::full(b, static_cast<double>(by) + 0.5, ir::Type(b.type(x))));
}
// Over the columns.
Value normalised(ir::Builder& b, Value x) {
  const Shape shape = b.type(x).shape;
  return ir::elementwise(b, "div", {x, ir::broadcast(b, ir::reduce(b, "sum", x, {1}), shape, {0})});
}
Value row(ir::Builder& b, Value x, int64_t i) {
  const Shape shape = b.type(x).shape;
  return ir::slice(b, x, {i, 0}, {i + 1, shape[1].value()}, {1, 1});
}

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all{
      {"diamonds",
       [](auto& b, Value x, int64_t n) {
         for (int64_t i = 0; i < n; ++i) x = mul(b, x, x);
         return normalised(b, x);
       },
       400},
      {"chain",
       [](auto& b, Value x, int64_t n) {
         for (int64_t i = 0; i < n; ++i) x = tanh(b, x);
         return x;
       },
       2000},
      {"chain_of_norms",
       [](auto& b, Value x, int64_t n) {
         for (int64_t i = 0; i < n; ++i) x = tanh(b, normalised(b, x));
         return x;
       },
       100},
      {"wide_sum",
       [](auto& b, Value x, int64_t n) {
         Value sum = x;
         for (int64_t i = 0; i < n; ++i) sum = add(b, sum, tanh(b, scaled(b, x, i)));
         return sum;
       },
       200},
      {"sum_of_norms",
       [](auto& b, Value x, int64_t n) {
         Value sum = x;
         for (int64_t i = 0; i < n; ++i) sum = add(b, sum, normalised(b, scaled(b, x, i)));
         return sum;
       },
       100},
      {"rows_picked_and_stacked",
       [](auto& b, Value x, int64_t n) {
         std::vector<Value> rows;
         for (int64_t i = 0; i < n; ++i) rows.push_back(tanh(b, scaled(b, row(b, x, i % 16), i)));
         return ir::concat(b, rows, 0);
       },
       100},
      {"stacks_picked_again",
       [](auto& b, Value x, int64_t n) {
         std::vector<Value> parts;
         for (int64_t i = 0; i < n; ++i) parts.push_back(tanh(b, scaled(b, row(b, x, i % 16), i)));
         const Value stack = ir::concat(b, parts, 0);
         Value sum = row(b, stack, 0);
         for (int64_t i = 1; i < n; ++i) sum = add(b, sum, tanh(b, row(b, stack, i)));
         return sum;
       },
       100},
      {"choices",
       [](auto& b, Value x, int64_t n) {
         Value chosen = x;
         for (int64_t i = 0; i < n; ++i) {
           const Value limit = ir::full(b, static_cast<double>(i), ir::Type(b.type(x)));
           chosen = ir::elementwise(b, "select", {ir::elementwise(b, "lt", {x, limit}), scaled(b, x, i), chosen});
         }
         return chosen;
       },
       200},
      {"chain_of_products",
       [](auto& b, Value x, int64_t n) {
         const Value w = x;
         for (int64_t i = 0; i < n; ++i) x = tanh(b, ir::dot(b, x, w));
         return x;
       },
       300},
      {"sum_of_products",
       [](auto& b, Value x, int64_t n) {
         Value sum = x;
         for (int64_t i = 0; i < n; ++i) sum = add(b, sum, ir::dot(b, x, scaled(b, x, i)));
         return sum;
       },
       300},
      {"matrix_of_products",
       [](auto& b, Value x, int64_t n) {
         constexpr int64_t kColumns = 8;
         std::vector<Value> left, right;
         for (int64_t i = 0; i < n / kColumns; ++i) left.push_back(tanh(b, scaled(b, x, i)));
         for (int64_t i = 0; i < kColumns; ++i) right.push_back(normalised(b, scaled(b, x, i)));
         Value sum = x;
         for (Value l : left)
           for (Value r : right) sum = add(b, sum, ir::dot(b, l, r));
         return sum;
       },
       160},
  };
  return all;
}

// A deep perceptron with a weight of its own in each layer.
ir::Graph deep_perceptron(int64_t layers) {
  ir::Graph graph;
  const ir::Type type{kFloat32, {16, 16}};
  Value x = graph.add_parameter(type, "x");
  std::vector<Value> weights;
  for (int64_t i = 0; i < layers; ++i) weights.push_back(graph.add_parameter(type, "w"));
  ir::GraphBuilder b(graph);
  for (Value w : weights) x = add(b, x, tanh(b, ir::dot(b, normalised(b, x), w)));
  graph.results = {ir::reduce(b, "sum", mul(b, x, x), {0, 1})};
  return graph;
}

// One step of its training: a weight goes in and comes out for each layer.
ir::Graph training_step(int64_t layers) {
  ir::Graph graph = passes::differentiate_first_result(deep_perceptron(layers)).graph;
  ir::GraphBuilder b(graph);
  std::vector<Value> results{graph.results[0]};
  for (size_t weight = 1; weight < graph.parameters().size(); ++weight) {
    const Value change = scaled(b, graph.results[1 + weight], -1);
    graph.states.push_back({weight, results.size()});
    results.push_back(add(b, graph.parameters()[weight].value, change));
  }
  graph.results = std::move(results);
  return graph;
}

ir::Graph graph_of(const Kind& kind, int64_t n) {
  ir::Graph graph;
  const Value x = graph.add_parameter({kFloat32, {16, 16}}, "x");
  ir::GraphBuilder b(graph);
  const Value made = kind.make(b, x, n);
  graph.results = {ir::reduce(b, "sum", made, {0, 1})};
  return graph;
}

using Steps = std::map<std::string, uint64_t>;  // by stage

Steps steps_of(ir::Graph graph, bool gradient) {
  Steps steps;
  const auto counted = [&](const std::string& stage, const auto& run) {
    const uint64_t before = work_done();
    run();
    steps[stage] += work_done() - before;
  };
  if (gradient) counted("differentiate", [&] { graph = passes::differentiate_first_result(graph).graph; });
  for (const passes::Pass& pass : passes::graph_pipeline())
    counted(std::string(pass.name), [&] { graph = pass.run(graph).graph; });
  passes::Fusion fusion;
  std::vector<passes::LoweredKernel> kernels;
  passes::Plan plan;
  counted("fusion", [&] { fusion = passes::fuse(graph, {}); });
  counted("loops", [&] { kernels = lower_all(graph, fusion); });
  counted("plan", [&] { plan = passes::plan(graph, kernels); });
  kernels.insert(kernels.end(), plan.copies.begin(), plan.copies.end());
  for (const bool shared : {false, true})
    counted("barriers", [&] {
      const std::vector<bool> all(plan.steps.size(), shared);
      (void)passes::place_barriers(plan, kernels, all, -1);
    });
  return steps;
}

// Linear work doubles with n, and quadratic work is four times as much. Between the two is what grows until kernels are
// full: each operation that joins one is tried with all that it has.
void expect_nearly_linear(const std::function<ir::Graph(int64_t)>& make, int64_t n, bool gradient) {
  const Steps some = steps_of(make(n), gradient), many = steps_of(make(2 * n), gradient);
  EXPECT_GT(some.at("fusion"), static_cast<uint64_t>(n));
  for (const auto& [stage, steps] : some) {
    EXPECT_TRUE(steps > 0 || stage == "barriers" || stage == "inline_calls" || stage == "plan") << stage;
    EXPECT_LE(many.at(stage), 3 * steps + 3000) << stage << (gradient ? " of the gradient" : "");
  }
}

class Work : public testing::TestWithParam<Kind> {};
TEST_P(Work, GrowsWithTheProgram) {
  for (const bool gradient : {false, true})
    expect_nearly_linear([](int64_t n) { return graph_of(GetParam(), n); }, GetParam().n, gradient);
}
INSTANTIATE_TEST_SUITE_P(Kinds, Work, testing::ValuesIn(kinds()),
                         [](const auto& instance) { return std::string(instance.param.name); });

TEST(DeepPerceptron, WorkGrowsWithItsLayers) {
  expect_nearly_linear(deep_perceptron, 100, /*gradient=*/false);
  expect_nearly_linear(training_step, 100, /*gradient=*/false);
}

}  // namespace
}  // namespace sinter::driver
