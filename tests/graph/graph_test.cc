// Graphs, builders, attributes, the registry; reference evaluation with symbols and calls.
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "ir/graph/combiner.h"
#include "ir/graph/row.h"
#include "tests/graph/testing.h"

namespace sinter::ir {
namespace {

using testing::error_of;
using testing::literal;
const Dim kBatch = Dim::symbol(0);

TEST(Graph, BuilderRecordsLocationScopeAndSalt) {
  Graph graph;
  GraphBuilder b(graph);
  const Value x = graph.add_parameter({kFloat32, {2}}, "x");
  Value y;
  {
    LocationScope at(Location{"model.cc", 7});
    b.scope = "encoder";
    b.salt = 3;
    y = elementwise(b, "exp", {x});
  }
  EXPECT_EQ(graph.op(y).locations, (std::vector<Location>{{"model.cc", 7}}));
  EXPECT_EQ(graph.op(y).scope, "encoder");
  EXPECT_EQ(graph.op(y).salt, 3U);
  EXPECT_TRUE(graph.op(x).locations.empty());
  b.locations = {{"other.cc", 1}};
  LocationScope at(Location{"model.cc", 9});
  EXPECT_EQ(graph.op(elementwise(b, "exp", {x})).locations, b.locations);
}

TEST(Graph, UsersAreListedOnceEach) {
  Graph graph;
  GraphBuilder b(graph);
  const Value x = graph.add_parameter({kFloat32, {2}}, "x");
  const Value square = elementwise(b, "mul", {x, x});
  const Value sum = elementwise(b, "add", {square, x});
  EXPECT_EQ(users(graph), (std::vector<std::vector<uint32_t>>{{square.op, sum.op}, {sum.op}, {}}));
}

TEST(Graph, OperandsExistBeforeTheirUsers) {
  Graph graph;
  EXPECT_THROW(graph.append({.def = &ops::kStopGradient, .operands = {{.op = 5}}, .types = {Type{}}}), InternalError);
}

TEST(Graph, LocationsAreUnited) {
  const Location a{"a.cc", 1}, b{"b.cc", 2};
  EXPECT_EQ(unite({a}, {a, b}), (std::vector<Location>{a, b}));
}

TEST(Attributes, EqualOnesHashEqually) {
  const Attributes x = SliceAttributes{{0}, {2}, {1}}, same = SliceAttributes{{0}, {2}, {1}},
                   other = SliceAttributes{{0}, {1}, {2}};
  EXPECT_EQ(hash(x), hash(same));
  EXPECT_NE(hash(x), hash(other));
  const Attributes axis = AxisAttributes{1}, axes = AxesAttributes{{1}};
  EXPECT_NE(hash(axis), hash(axes));
  const auto one = [](float value) {
    return ConstantAttributes{std::make_shared<const Literal>(Literal::scalar(value))};
  };
  EXPECT_EQ(hash(one(1)), hash(one(1)));
  EXPECT_EQ(Attributes(one(1)), Attributes(one(1)));
  EXPECT_NE(hash(one(0.0f)), hash(one(-0.0f)));
  EXPECT_NE(hash(ShapeAttributes{{Dim::symbol(1)}}), hash(ShapeAttributes{{1}}));
  // The value is part of file formats between processes: pinned.
  EXPECT_EQ(hash(NoAttributes{}), hash(Attributes{}));
}

TEST(Registry, FindsEveryOperationByName) {
  std::set<std::string_view> names;
  for (const OpDef* def : all_ops()) {
    EXPECT_EQ(find_op(def->name), def);
    EXPECT_TRUE(names.insert(def->name).second) << def->name;
    EXPECT_FALSE(def->doc.empty()) << def->name;
    EXPECT_NE(def->infer, nullptr);
    EXPECT_NE(def->evaluate, nullptr);
  }
  EXPECT_EQ(find_op("reduce_sum")->combiner->name, "sum");
  EXPECT_EQ(find_op("exp")->row, &find_row("exp"));
  EXPECT_EQ(find_op("nothing"), nullptr);
}

TEST(Rows, CodeIsBuiltOnceHoweverManyThreadsAsk) {
  const ExprGraph* seen[8] = {};
  std::vector<std::thread> threads;
  for (const ExprGraph*& slot : seen) threads.emplace_back([&slot] { slot = &expression(find_row("tanh"), kFloat32); });
  for (std::thread& thread : threads) thread.join();
  for (const ExprGraph* code : seen) EXPECT_EQ(code, seen[0]);
}

// mean over the batch of x * w, with x: [s0, 2].
Graph symbolic() {
  Graph graph;
  GraphBuilder b(graph);
  const Value x = graph.add_parameter({kFloat32, {kBatch, 2}}, "x");
  const Value w = graph.add_parameter({kFloat32, {2}}, "w");
  const Value product = elementwise(b, "mul", {x, broadcast(b, w, {kBatch, 2}, {1})});
  const Value flat = reshape(b, product, {2, kBatch});
  const Value part = slice(b, x, {0, 1}, {-1, 2}, {1, 1});
  graph.results = {reduce(b, "sum", product, {0}), flat, part};
  return graph;
}

TEST(Evaluate, BindsSymbolsFromTheInputs) {
  const Graph graph = symbolic();
  EXPECT_EQ(to_string(graph.type(graph.results[1])), "f32[2, s0]");
  const Literal w = literal<float>({2}, {1, 10});
  const auto three = evaluate(graph, std::vector{literal<float>({3, 2}, {1, 2, 3, 4, 5, 6}), w}, Arithmetic::kTyped);
  EXPECT_EQ(three[0], literal<float>({2}, {9, 120}));
  EXPECT_EQ(three[1], literal<float>({2, 3}, {1, 20, 3, 40, 5, 60}));
  EXPECT_EQ(three[2], literal<float>({3, 1}, {2, 4, 6}));
  const auto none = evaluate(graph, std::vector{literal<float>({0, 2}, {}), w}, Arithmetic::kTyped);
  EXPECT_EQ(none[0], literal<float>({2}, {0, 0}));
}

TEST(Evaluate, InputsThatDoNotFit) {
  Graph graph;
  graph.name = "step";
  graph.add_parameter({kFloat32, {kBatch, 2}}, "x");
  graph.add_parameter({kFloat32, {kBatch}}, "y");
  const auto text = [&](const std::vector<Literal>& inputs, Arithmetic arithmetic = Arithmetic::kTyped) {
    return error_of([&] { (void)evaluate(graph, inputs, arithmetic); });
  };
  const Literal x = Literal::zeros({kFloat32, {3, 2}});
  EXPECT_EQ(text({x}), "evaluate: given 1 arguments, expected 2, as @step has parameters");
  EXPECT_EQ(text({x, Literal::zeros({kFloat32, {4}})}),
            "evaluate: argument 2 (%y) has type f32[4], expected f32[s0], where s0 = 3");
  EXPECT_EQ(text({Literal::zeros({kFloat32, {3, 3}}), x}),
            "evaluate: argument 1 (%x) has type f32[3, 3], expected f32[s0, 2], where s0 = 3");
  EXPECT_EQ(text({x, Literal::zeros({kInt64, {3}})}),
            "evaluate: argument 2 (%y) has type i64[3], expected element type f32");
  EXPECT_EQ(text({x, x}, Arithmetic::kOracle),
            "evaluate: argument 1 (%x) has type f32[3, 2], expected element type f64");
}

TEST(Evaluate, AnUnboundSymbolIsAnError) {
  Graph graph;
  GraphBuilder b(graph);
  graph.results = {iota(b, {Dim::symbol(4)}, 0)};
  EXPECT_EQ(error_of([&] { (void)evaluate(graph, {}, Arithmetic::kTyped); }),
            "evaluate: the size of s4 is unknown, expected a parameter that has it");
}

std::shared_ptr<const Graph> twice(std::shared_ptr<const Graph> callee) {
  auto graph = std::make_shared<Graph>();
  GraphBuilder b(*graph);
  Value x = graph->add_parameter({kFloat32, {2}}, "x");
  if (callee) x = b.add(ops::kCall, CallAttributes{callee}, {x});
  graph->results = {elementwise(b, "add", {x, x})};
  return graph;
}

TEST(Evaluate, CallsRunTheirCallee) {
  const auto graph = twice(twice(twice(nullptr)));
  EXPECT_EQ(evaluate(*graph, std::vector{literal<float>({2}, {1, 2})}, Arithmetic::kTyped)[0],
            literal<float>({2}, {8, 16}));
  EXPECT_EQ(evaluate(*graph, std::vector{literal<double>({2}, {1, 2})}, Arithmetic::kOracle)[0],
            literal<double>({2}, {8, 16}));
}

TEST(Evaluate, CallsNestedTooDeeplyAreAnError) {
  std::shared_ptr<const Graph> graph = twice(nullptr);
  for (int i = 0; i < 600; ++i) graph = twice(graph);
  EXPECT_EQ(error_of([&] { (void)evaluate(*graph, std::vector{literal<float>({2}, {0, 0})}, Arithmetic::kTyped); }),
            "call: @main is nested 501 calls deep, expected at most 500");
}

TEST(Literals, OracleAndBack) {
  const Literal x = literal<float>({2}, {0.1f, -3});
  EXPECT_EQ(to_oracle(x), literal<double>({2}, {double{0.1f}, -3}));
  EXPECT_EQ(from_oracle(to_oracle(x), kFloat32), x);
  const Literal i = literal<int64_t>({1}, {5});
  EXPECT_EQ(to_oracle(i), i);
}

TEST(Literals, TooLargeForMemory) {
  EXPECT_EQ(error_of([] { (void)Literal::zeros({kFloat64, {int64_t{1} << 50}}); }),
            "an array of type f64[1125899906842624] does not fit in memory");
}

}  // namespace
}  // namespace sinter::ir
