// All passes on random graphs: valid, and the same bits under the typed reference. The runner and its knobs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "ir/graph/reference.h"
#include "ir/graph/text.h"
#include "passes/pipeline.h"
#include "passes/sum_of_pads.h"
#include "support/options.h"
#include "tests/fuzz/seeds.h"
#include "tests/random_derivatives.h"
#include "tests/random_engine.h"
#include "tests/random_graph.h"

namespace sinter::passes {
namespace {

using ir::Graph;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Property;
using testing::Throws;

// The first result that the passes change, or -1; inputs are those of the seed.
int first_difference(const Graph& graph, std::span<const Pass> passes, uint64_t seed) {
  Graph made = graph;
  for (const Pass& pass : passes) {
    made = pass.run(made).graph;
    ir::verify(made);
  }
  const auto inputs = tests::random_inputs(graph, seed);
  const auto before = ir::evaluate(graph, inputs, ir::Arithmetic::kTyped),
             after = ir::evaluate(made, inputs, ir::Arithmetic::kTyped);
  for (size_t i = 0; i < before.size(); ++i)
    if (!tests::same_bits(before[i], after[i])) return static_cast<int>(i);
  return -1;
}

void expect_same_bits(const Graph& graph, std::span<const Pass> passes, uint64_t seed) {
  const std::string_view name = passes.size() == 1 ? passes[0].name : "the pipeline";
  if (first_difference(graph, passes, seed) < 0) return;
  const Graph small =
      tests::shrink(graph, [&](const Graph& candidate) { return first_difference(candidate, passes, seed) >= 0; });
  ADD_FAILURE() << name << " changes bits, seed " << seed << ":\n" << ir::print(small);
}

// The graph with every value a result, so that no difference stays unseen.
Graph all_seen(Graph graph) {
  graph.states.clear();
  graph.results.clear();
  for (uint32_t i = 0; i < graph.ops().size(); ++i)
    for (uint32_t result = 0; result < graph.ops()[i].types.size(); ++result) graph.results.push_back({i, result});
  return graph;
}

class EachPass : public testing::TestWithParam<std::string_view> {};

TEST_P(EachPass, KeepsTheBitsOfRandomGraphs) {
  const std::vector<Pass> pass = parse_passes(GetParam());
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const tests::SeedScope scope(seed);
    const Graph graph = tests::random_graph(seed, {.calls = seed % 4 == 0});
    expect_same_bits(seed % 2 == 0 ? graph : all_seen(graph), pass, seed);
  }
}
INSTANTIATE_TEST_SUITE_P(Passes, EachPass,
                         testing::Values("inline_calls", "dead_code", "simplify", "sum_of_pads", "transposed_dot",
                                         "value_numbering"),
                         [](const auto& instance) { return std::string(instance.param); });

// Sums of slabs with all that a sum of zeros could change, in place of what the generators draw.
TEST(SumOfPads, KeepsTheBitsOfExtremeValues) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity(), kTiny = std::numeric_limits<float>::denorm_min();
  const float extremes[] = {0.0F, -0.0F, 1.0F, -1.0F, kInfinity, -kInfinity, NAN, kTiny, -kTiny, 3e38F, -3e38F};
  size_t replaced = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    tests::RandomEngine random(seed);
    Graph graph;
    ir::GraphBuilder b(graph);
    const ir::Type part{kFloat32, Shape{2}}, whole{kFloat32, Shape{6}};
    std::optional<ir::Value> sum;
    for (int64_t terms = random.between(2, 5); terms > 0; --terms) {
      const bool full = random.one_in(6);
      ir::Value term = graph.add_parameter(full ? whole : part, fmt::format("x{}", terms));
      const int64_t low = 2 * random.between(0, 2);
      if (!full) term = ir::pad(b, term, ir::scalar(b, 0, kFloat32), {low}, {4 - low}, {0});
      sum = sum ? ir::elementwise(b, "add", {*sum, term}) : term;
    }
    graph.results = {*sum};
    std::vector<ir::Literal> inputs;
    for (const ir::Parameter& parameter : graph.parameters()) {
      inputs.push_back(ir::Literal::zeros(graph.type(parameter.value)));
      for (float& x : inputs.back().view<float>()) x = random.pick(extremes);
    }
    const ir::Rewritten made = sum_of_pads(graph);
    replaced += made.changed ? 1 : 0;
    const auto before = ir::evaluate(graph, inputs, ir::Arithmetic::kTyped),
               after = ir::evaluate(made.graph, inputs, ir::Arithmetic::kTyped);
    ASSERT_TRUE(tests::same_bits(before[0], after[0])) << "seed " << seed << "\n" << ir::print(graph);
  }
  EXPECT_GT(replaced, 300U);
}

// Twice the rows is twice the operations, not four times.
TEST(SumOfPads, AGradientOfManyRowsGrowsWithTheirNumber) {
  const auto operations = [](int64_t rows) {
    Graph graph;
    ir::GraphBuilder b(graph);
    const ir::Value x = graph.add_parameter({kFloat32, Shape{rows, 3}}, "x");
    std::optional<ir::Value> loss;
    for (int64_t row = 0; row < rows; ++row) {
      const ir::Value own = ir::elementwise(b, "sin", {ir::slice(b, x, {row, 0}, {row + 1, 3}, {1, 1})});
      const ir::Value sum = ir::reduce(b, "sum", own, {0, 1});
      loss = loss ? ir::elementwise(b, "add", {*loss, sum}) : sum;
    }
    graph.results = {*loss};
    const Graph made =
        run_passes(graph_pipeline(), run_passes(parse_passes("differentiate"), std::move(graph)).graph).graph;
    for (const ir::Op& op : made.ops()) EXPECT_NE(op.def, &ir::ops::kPad);
    return made.ops().size();
  };
  EXPECT_LE(operations(60), 2 * operations(30));
}

TEST(Pipeline, KeepsTheBitsOfRandomGraphsAndTheirGradients) {
  for (uint64_t seed = 1000; seed < 1150; ++seed) {
    const tests::SeedScope scope(seed);
    const Graph forward = tests::random_graph(seed, {.operations = 12, .max_elements = 512, .calls = seed % 4 == 0});
    const Graph graph = tests::random_derivatives(forward, seed, 1 + seed % 2).back().gradients;
    ir::verify(graph);
    expect_same_bits(graph, graph_pipeline(), seed);
  }
}

TEST(Pipeline, ReachesAFixedPoint) {
  size_t unfinished = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const tests::SeedScope scope(seed);
    const Graph once = run_passes(graph_pipeline(), tests::random_graph(seed)).graph;
    unfinished += ir::print(run_passes(graph_pipeline(), once).graph) != ir::print(once);
  }
  EXPECT_LE(unfinished, 2U);  // a second round rarely finds more
}

TEST(Pipeline, KeepsStatesAndParameters) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const tests::SeedScope scope(seed);
    const Graph graph = tests::random_graph(seed);
    const Graph made = run_passes(graph_pipeline(), graph).graph;
    EXPECT_EQ(made.states, graph.states);
    ASSERT_EQ(made.parameters().size(), graph.parameters().size());
    for (size_t i = 0; i < graph.parameters().size(); ++i)
      EXPECT_EQ(made.parameters()[i].name, graph.parameters()[i].name);
  }
}

TEST(InlineCalls, RefusesCallsThatDoubleAtEachLevel) {
  std::string text = "func @f0(%x: f32[4]) -> f32[4] { return %x }\n";
  for (int i = 1; i < 60; ++i)
    text += fmt::format("func @f{}(%x: f32[4]) -> f32[4] {{ %0 = call @f{}(%x) %1 = call @f{}(%0) return %1 }}\n", i,
                        i - 1, i - 1);
  const Graph graph = ir::parse(text).back();
  EXPECT_THAT([&] { (void)parse_passes("inline_calls")[0].run(graph); },
              Throws<GraphError>(Property(&GraphError::what, HasSubstr("more than 1000000 calls"))));
}

const char* const kRedundant = "func @step(%x: f32[2]) -> f32[2] { %0 = exp %x %1 = exp %x %2 = add %0, %1 return %2 }";

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(Runner, DumpsTheInputAndWhatChanged) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "dump";
  std::filesystem::remove_all(folder);
  const OptionScope scope({.dump = folder.string(), .verify = true});
  const auto result = run_passes(parse_passes("simplify,value_numbering"), ir::parse(kRedundant)[0]);
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  ASSERT_EQ(names.size(), 2U);
  EXPECT_THAT(names[0], HasSubstr(".step.input.sir"));
  EXPECT_THAT(names[1], HasSubstr(".step.value_numbering.sir"));
  EXPECT_EQ(read(folder / names[1]), ir::print(result.graph));
}

TEST(Runner, TellsWhatEachPassDid) {
  const auto result = run_passes(parse_passes("simplify,value_numbering"), ir::parse(kRedundant)[0]);
  ASSERT_EQ(result.runs.size(), 2U);
  EXPECT_FALSE(result.runs[0].changed);
  EXPECT_TRUE(result.runs[1].changed);
  EXPECT_EQ(result.runs[1].operations, 3U);
}

TEST(Runner, PrintsTimesAndUnchangedPasses) {
  const OptionScope scope({.debug = 2, .time = true});
  testing::internal::CaptureStderr();
  (void)run_passes(parse_passes("simplify"), ir::parse(kRedundant)[0]);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              AllOf(HasSubstr("pass simplify over @step: unchanged"), HasSubstr("total")));
}

ir::Rewritten broken(const Graph& graph) {
  Graph made = graph;
  made.op(made.results[0]).types[0].shape = Shape{77};
  return {std::move(made), true};
}

TEST(Runner, ABrokenPassLeavesAReproducer) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "broken";
  std::filesystem::create_directories(folder);
  const OptionScope scope({.dump = folder.string(), .verify = true});
  const std::array passes{Pass{"broken", "breaks types", broken}, parse_passes("simplify")[0]};
  std::string message;
  try {
    (void)run_passes(passes, ir::parse(kRedundant)[0]);
  } catch (const InternalError& error) {
    message = error.what();
  }
  EXPECT_THAT(message, AllOf(HasSubstr("pass broken"), HasSubstr("f32[77]"), HasSubstr("--passes=broken,simplify")));
  const size_t start = message.find(folder.string());
  ASSERT_NE(start, std::string::npos);
  const Graph again = ir::parse(read(message.substr(start, message.find(' ', start) - start)))[0];
  EXPECT_EQ(ir::print(again), ir::print(ir::parse(kRedundant)[0]));
}

TEST(ParsePasses, NamesTheKnownOnes) {
  EXPECT_EQ(parse_passes("").size(), 0U);
  EXPECT_EQ(parse_passes("simplify,dead_code").size(), 2U);
  EXPECT_THAT([] { (void)parse_passes("simplfy"); },
              Throws<ValueError>(Property(
                  &ValueError::what, AllOf(HasSubstr("no pass is called 'simplfy'"), HasSubstr("value_numbering")))));
}

TEST(RandomGraphs, AreAFunctionOfTheirSeed) {
  EXPECT_EQ(ir::print(tests::random_graph(5)), ir::print(tests::random_graph(5)));
  EXPECT_NE(ir::print(tests::random_graph(5)), ir::print(tests::random_graph(6)));
}

TEST(RandomGraphs, HoldEveryOperation) {
  std::map<std::string_view, int> seen;
  for (uint64_t seed = 0; seed < 400; ++seed)
    for (const ir::Op& op : tests::random_graph(seed, {.calls = true})) ++seen[op.def->name];
  for (const ir::OpDef* def : ir::all_ops()) EXPECT_GT(seen[def->name], 0) << def->name;
}

TEST(Shrink, FindsTheOneOperationThatMatters) {
  const auto fails = [](const Graph& graph) {
    ir::verify(graph);
    return std::any_of(graph.begin(), graph.end(), [](const ir::Op& op) { return op.def->name == "reduce_sum"; });
  };
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const tests::SeedScope scope(seed);
    const Graph graph = tests::random_graph(seed);
    if (!fails(graph)) continue;
    const Graph small = tests::shrink(graph, fails);
    EXPECT_EQ(small.ops().size(), 2U) << ir::print(small);
    EXPECT_EQ(small.results.size(), 1U);
    return;
  }
  FAIL() << "no random graph sums";
}

}  // namespace
}  // namespace sinter::passes
