// How much work fusion does, what it joins that no edge joins, and that its depth is not the stack's.
#include "passes/fuse/fuse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <functional>

#include "ir/graph/row.h"
#include "ir/graph/text.h"
#include "passes/lower/lower.h"
#include "passes/pipeline.h"
#include "passes/plan/plan.h"
#include "tests/fuzz/seeds.h"
#include "tests/kernels/run_plan.h"
#include "tests/random_engine.h"
#include "tests/random_graph.h"

namespace sinter::test {
namespace {

using ir::Graph;

Graph parsed(const std::string& text) { return ir::parse(text).back(); }
Graph ready(const std::string& text, std::string_view before = "") {
  const std::vector<passes::Pass> first = passes::parse_passes(before);
  return passes::run_passes(passes::graph_pipeline(), passes::run_passes(first, parsed(text)).graph).graph;
}

std::string tanh_chain(size_t length) {
  std::string text = "func @f(%x: f32[8, 8]) -> f32[8, 8] {\n  %0 = tanh %x\n";
  for (size_t i = 1; i < length; ++i) text += fmt::format("  %{} = tanh %{}\n", i, i - 1);
  return text + fmt::format("  return %{}\n}}", length - 1);
}
// The mean of it, for gradients.
std::string summed_chain(size_t length) {
  std::string text = tanh_chain(length);
  text.replace(text.find("-> f32[8, 8]"), 12, "-> f32[]");
  text.resize(text.find("  return"));
  return text + fmt::format("  %{} = reduce_sum %{} {{axes = [0, 1]}}\n  return %{}\n}}", length, length - 1, length);
}
// tanh(x * c0) + tanh(x * c1) + ...
std::string wide_sum(size_t width) {
  std::string text = "func @f(%x: f32[8, 8]) -> f32[8, 8] {\n";
  size_t next = 0;
  std::string sum;
  for (size_t i = 0; i < width; ++i) {
    text += fmt::format("  %{} = constant f32[] {{{}}}\n", next, i + 1);
    text += fmt::format("  %{} = broadcast %{} {{shape = [8, 8], axes = []}}\n", next + 1, next);
    text += fmt::format("  %{} = mul %x, %{}\n  %{} = tanh %{}\n", next + 2, next + 1, next + 3, next + 2);
    next += 4;
    if (i > 0) {
      text += fmt::format("  %{} = add {}, %{}\n", next, sum, next - 1);
      ++next;
    }
    sum = fmt::format("%{}", next - 1);
  }
  return text + fmt::format("  return {}\n}}", sum);
}
std::string concat_of_parts(size_t parts) {
  std::string text = fmt::format("func @f(%x: f32[8, 8]) -> f32[{}, 8] {{\n", 8 * parts), list;
  for (size_t i = 0; i < parts; ++i) {
    text += fmt::format("  %{} = tanh {}\n", i, i == 0 ? "%x" : fmt::format("%{}", i - 1));
    list += fmt::format("{}%{}", i == 0 ? "" : ", ", i);
  }
  return text + fmt::format("  %{} = concat {} {{axis = 0}}\n  return %{}\n}}", parts, list, parts);
}

struct Case {
  const char* name;
  std::function<Graph(size_t)> make;
  size_t size;
};
class FusionWork : public testing::TestWithParam<Case> {};

// Twice the graph is twice the work: kernels built, and their instructions.
TEST_P(FusionWork, GrowsWithTheGraph) {
  const auto work = [&](size_t size) {
    const passes::Fusion fusion = passes::fuse(GetParam().make(size), {});
    return std::pair(fusion.trials, fusion.trial_instructions);
  };
  const auto some = work(GetParam().size), many = work(2 * GetParam().size);
  EXPECT_LE(many.first, 22 * some.first / 10 + 10);
  EXPECT_LE(many.second, 22 * some.second / 10 + 100);
}

INSTANTIATE_TEST_SUITE_P(Graphs, FusionWork,
                         testing::Values(Case{"chain", [](size_t n) { return ready(tanh_chain(n)); }, 1000},
                                         Case{"gradient",
                                              [](size_t n) { return ready(summed_chain(n), "differentiate"); }, 1000},
                                         Case{"sum", [](size_t n) { return ready(wide_sum(n)); }, 500},
                                         Case{"concat", [](size_t n) { return ready(concat_of_parts(n)); }, 1000}),
                         [](const auto& instance) { return std::string(instance.param.name); });

// A kernel holds so many instructions.
size_t kernels_of_tanh_chain(size_t length) {
  const auto in_one = static_cast<size_t>(passes::FuseOptions().most_instructions / ir::find_row("tanh").cost);
  return (length + in_one - 1) / in_one;
}

TEST(Fusion, AChainOfAnyLengthNeedsNoTrials) {
  const passes::Fusion fusion = passes::fuse(ready(tanh_chain(2000)), {});
  EXPECT_LT(fusion.trial_instructions, 5000u);
  EXPECT_EQ(fusion.clusters.size(), kernels_of_tanh_chain(2000));
}

// Calls act on a thread whose stack is small.
void on_small_stack(const std::function<void()>& act) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, size_t{2} << 20);
  pthread_t thread;
  const auto run = [](void* argument) -> void* {
    (*static_cast<const std::function<void()>*>(argument))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, run, const_cast<std::function<void()>*>(&act)), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

// Fused, lowered and planned.
size_t kernels_of(const Graph& graph, bool fuse) {
  const passes::Fusion fusion = passes::fuse(graph, {.fuse = fuse});
  std::vector<passes::LoweredKernel> kernels;
  for (const passes::Cluster& cluster : fusion.clusters) {
    passes::LowerResult result = passes::lower({.graph = &graph, .in_memory = &fusion.in_memory}, cluster);
    EXPECT_TRUE(result.lowered) << result.reason;
    if (!result.lowered) return 0;
    kernels.push_back(std::move(*result.lowered));
  }
  return passes::plan(graph, kernels).steps.size();
}

TEST(Fusion, DeepGraphsNeedNoDeepStack) {
  constexpr size_t kDepth = 20000;
  const Graph chain = ready(tanh_chain(kDepth));
  on_small_stack([&] { EXPECT_EQ(kernels_of(chain, /*fuse=*/false), kDepth); });
  on_small_stack([&] { EXPECT_EQ(kernels_of(chain, /*fuse=*/true), kernels_of_tanh_chain(kDepth)); });
}

// Views that no rule joins: a row is cut off, and a row of zeros put in front, again and again.
TEST(Fusion, ViewsBehindViewsAreStoredNowAndThen) {
  constexpr size_t kDepth = 5000;
  std::string text = "func @f(%x: f32[4, 6]) -> f32[4, 6] {\n  %0 = constant f32[] {0}\n";
  std::string last = "%x";
  for (size_t i = 0; i < kDepth; ++i) {
    const std::string_view view = i % 2 == 0 ? "slice {} {{start = [0, 0], limit = [3, 6], step = [1, 1]}}"
                                             : "pad {}, %0 {{low = [1, 0], high = [0, 0], interior = [0, 0]}}";
    text += fmt::format("  %{} = ", i + 1) + fmt::format(fmt::runtime(view), last) + "\n";
    last = fmt::format("%{}", i + 1);
  }
  const Graph graph = parsed(text + "  return " + last + "\n}");
  on_small_stack([&] { EXPECT_GT(kernels_of(graph, /*fuse=*/true), 1u); });
}

// Each operand alone would be plain memory if the other lay in memory as it is.
TEST(Fusion, OperandsOfDotsThatAreNoPlainMemoryAreStored) {
  const auto stored = [](const std::string& dot, const std::string& type) {
    const Graph graph = parsed("func @f(%x: f32[2, 3]) -> " + type + R"( {
  %0 = transpose %x {order = [1, 0]}
  %1 = reshape %0 {shape = [2, 3]}
  %2 = transpose %1 {order = [1, 0]}
  %3 = dot )" + dot + "\n  return %3\n}");
    const Graph live = passes::run_passes(passes::graph_pipeline(), graph).graph;
    EXPECT_GT(kernels_of(live, /*fuse=*/true), 0u);
    EXPECT_EQ(kernels_of(live, /*fuse=*/false), kernels_of(live, /*fuse=*/true));
    const std::string ledger = passes::print_ledger(live, passes::fuse(live, {}));
    size_t count = 0;
    for (size_t at = 0; (at = ledger.find("dot reads plain memory", at)) != std::string::npos; ++at) ++count;
    return count;
  };
  EXPECT_EQ(stored("%1, %0", "f32[2, 2]"), 1u);
  EXPECT_EQ(stored("%0, %1", "f32[3, 3]"), 1u);
  EXPECT_EQ(stored("%1, %2", "f32[2, 2]"), 1u) << "the second is plain once the first is stored";
  EXPECT_EQ(stored("%0, %x", "f32[3, 3]"), 0u);
}

// Two sums over columns that read one large matrix.
TEST(Fusion, ReadersOfALargeValueReadItOnce) {
  const auto text = [](int rows) {
    return fmt::format(R"(func @f(%x: f32[{0}, 1024], %y: f32[{0}, 1024]) -> (f32[1024], f32[1024]) {{
      %0 = reduce_sum %x {{axes = [0]}}
      %1 = mul %x, %y
      %2 = reduce_sum %1 {{axes = [0]}}
      return %0, %2
    }})",
                       rows);
  };
  const Graph large = ready(text(512)), small = ready(text(8));
  const passes::Fusion fusion = passes::fuse(large, {});
  EXPECT_EQ(fusion.clusters.size(), 1u);
  EXPECT_THAT(passes::print_ledger(large, fusion), testing::HasSubstr("read once by its readers"));
  EXPECT_EQ(passes::fuse(small, {}).clusters.size(), 2u) << "what is small is read from cache";
}

// Both tanh and add read x and could be one kernel, but for the product between them.
TEST(Fusion, ReadersThatNeedEachOtherStayApart) {
  const Graph graph = parsed(R"(func @f(%x: f32[512, 512], %w: f32[512, 512]) -> (f32[512, 512], f32[512, 512]) {
    %0 = tanh %x
    %1 = dot %w, %0
    %2 = transpose %1 {order = [1, 0]}
    %3 = add %x, %2
    return %0, %3
  })");
  EXPECT_EQ(kernels_of(graph, /*fuse=*/true), 3u);
}

// The sums' cluster begins behind the first one and ends behind the product's, which needs the first and feeds it.
TEST(Fusion, AWayThroughALaterClusterIsADetour) {
  const Graph graph = ready(R"(
func @f(%p: f32[64, 64], %q: f32[64, 64], %w: f32[64, 64]) -> (f32[64, 64], f32[64, 64], f32[64, 64]) {
  %0 = exp %p
  %1 = mul %q, %q
  %2 = add %1, %w
  %3 = mul %1, %0
  %4 = dot %0, %w
  %5 = add %2, %4
  return %3, %4, %5
})");
  EXPECT_EQ(kernels_of(graph, /*fuse=*/true), 2u);
}

// %8 is computed by each that reads it and stored by nobody: what is computed again with it computes it, too.
TEST(Fusion, WhatIsComputedAgainFindsAllThatItReads) {
  const Graph graph = parsed(R"(func @f(%x1: f32[33, 4, 1]) -> (f64[], f64[], f64[]) {
  %0 = reshape %x1 {shape = [132]}
  %1 = slice %0 {start = [0], limit = [4], step = [1]}
  %2 = reshape %1 {shape = [4, 1]}
  %3 = broadcast %2 {shape = [33, 4, 1], axes = [1, 2]}
  %4 = add %3, %x1
  %5 = reshape %4 {shape = [132]}
  %6 = slice %5 {start = [0], limit = [33], step = [1]}
  %7 = reshape %6 {shape = [33, 1, 1]}
  %8 = to_bool %7
  %9 = constant f32[] {0}
  %10 = broadcast %9 {shape = [33, 4, 1], axes = []}
  %11 = reshape %8 {shape = [33, 1]}
  %12 = broadcast %11 {shape = [33, 4, 1], axes = [0, 2]}
  %13 = select %12, %10, %4
  %14 = iota {shape = [132], axis = 0}
  %15 = to_f64 %14
  %16 = cos %15
  %17 = reshape %16 {shape = [33, 4, 1]}
  %18 = to_f64 %13
  %19 = mul %18, %17
  %20 = reduce_sum %19 {axes = [0, 1, 2]}
  %21 = to_f64 %4
  %22 = mul %21, %17
  %23 = reduce_sum %22 {axes = [0, 1, 2]}
  %24 = to_f32 %17
  %25 = select %12, %10, %24
  %26 = add %24, %25
  %27 = reduce_sum %26 {axes = [0]}
  %28 = reshape %27 {shape = [4]}
  %29 = pad %28, %9 {low = [0], high = [128], interior = [0]}
  %30 = reshape %29 {shape = [33, 4, 1]}
  %31 = slice %26 {start = [0, 0, 1], limit = [33, 4, 1], step = [1, 1, 1]}
  %32 = pad %31, %9 {low = [0, 0, 1], high = [0, 0, 0], interior = [0, 0, 0]}
  %33 = reduce_sum %31 {axes = [0]}
  %34 = reshape %33 {shape = [0]}
  %35 = pad %34, %9 {low = [132], high = [0], interior = [0]}
  %36 = reshape %35 {shape = [33, 4, 1]}
  %37 = add %30, %32
  %38 = add %37, %26
  %39 = add %38, %36
  %40 = to_f64 %39
  %41 = mul %40, %17
  %42 = reduce_sum %41 {axes = [0, 1, 2]}
  return %20, %23, %42
})");
  const std::vector<ir::Literal> inputs = tests::random_inputs(graph, 1);
  const PlanRun run = run_plan(graph, inputs, {});
  const std::vector<ir::Literal> expected = ir::evaluate(graph, inputs, ir::Arithmetic::kTyped);
  for (size_t r = 0; r < expected.size(); ++r) EXPECT_TRUE(tests::same_bits(run.results[r], expected[r])) << r;
}

// Pieces that one kernel could add up, if it waited for all of them.
Graph sum_of_pieces(uint64_t seed) {
  tests::RandomEngine random(seed);
  Graph graph;
  ir::GraphBuilder b(graph);
  const Shape shape{random.between(1, 9), random.between(1, 17)};
  const ir::Value x = graph.add_parameter({kFloat32, shape}, "x");
  std::optional<ir::Value> sum;
  for (int64_t pieces = random.between(2, 12); pieces > 0; --pieces) {
    const ir::Value scale = ir::full(b, random.uniform(-2, 2), {kFloat32, shape});
    const ir::Value y = ir::elementwise(b, "exp", {ir::elementwise(b, "mul", {x, scale})});
    const ir::Value total = ir::broadcast(b, ir::reduce(b, random.one_in(2) ? "sum" : "max", y, {0}), shape, {1});
    const ir::Value piece = ir::elementwise(b, "div", {y, total});
    sum = sum ? ir::elementwise(b, "add", {*sum, piece}) : piece;
  }
  graph.results = {*sum};
  return graph;
}

// Small values count as large, kernels are small, no memory is to spare: what fusion and the order of kernels do at
// their limits keeps the bits of the reference.
TEST(Fusion, RandomGraphsKeepTheirBitsAtTheLimits) {
  size_t joined = 0, refused = 0, frugal = 0;
  for (uint64_t seed = 0; seed < 80; ++seed) {
    const tests::SeedScope scope(seed);
    const Graph made = seed % 4 == 0 ? sum_of_pieces(seed) : tests::random_graph(seed, {.max_elements = 256});
    const Graph graph = passes::run_passes(passes::graph_pipeline(), made).graph;
    const std::vector<ir::Literal> inputs = tests::random_inputs(graph, seed);
    const std::vector<ir::Literal> expected = ir::evaluate(graph, inputs, ir::Arithmetic::kTyped);
    for (const size_t most : {size_t{2}, size_t{6}, size_t{256}}) {
      const passes::FuseOptions limits{.most_operations = most, .large_value = 1, .spare = 0};
      const std::string ledger = passes::print_ledger(graph, passes::fuse(graph, limits));
      joined += ledger.find("read once by its readers") != std::string::npos;
      refused += ledger.find("operations\n") != std::string::npos;
      frugal += ledger.find("stay in memory for longer") != std::string::npos;
      const PlanRun run = run_plan(graph, inputs, {.races = true, .limits = limits});
      ASSERT_EQ(run.results.size(), expected.size());
      for (size_t r = 0; r < expected.size(); ++r)
        EXPECT_TRUE(tests::same_bits(run.results[r], expected[r]))
            << "seed " << seed << ", " << most << " operations, result " << r << "\n"
            << ir::print(graph) << run.plan;
    }
  }
  EXPECT_GT(joined, 10u) << "the graphs have readers to join";
  EXPECT_GT(refused, 10u) << "the graphs have kernels to cut";
  EXPECT_GT(frugal, 3u) << "the graphs have joins that cost memory";
}

// Layer normalisation, forward and backward: a kernel for the rows, one for the sums over columns.
TEST(Fusion, LayerNormIsTwoKernels) {
  const Graph graph = ready(R"(func @f(%x: f32[512, 1024], %w: f32[1024], %seed: f32[512, 1024])
      -> (f32[512, 1024], f32[1024], f32[1024]) {
    %0 = reduce_sum %x {axes = [1]}
    %1 = broadcast %0 {shape = [512, 1024], axes = [0]}
    %2 = sub %x, %1
    %3 = mul %2, %2
    %4 = reduce_sum %3 {axes = [1]}
    %5 = rsqrt %4
    %6 = broadcast %5 {shape = [512, 1024], axes = [0]}
    %7 = mul %2, %6
    %8 = broadcast %w {shape = [512, 1024], axes = [1]}
    %9 = mul %seed, %8
    %10 = mul %9, %2
    %11 = reduce_sum %10 {axes = [1]}
    %12 = broadcast %11 {shape = [512, 1024], axes = [0]}
    %13 = mul %12, %7
    %14 = reduce_sum %seed {axes = [0]}
    %15 = mul %seed, %7
    %16 = reduce_sum %15 {axes = [0]}
    return %13, %14, %16
  })");
  EXPECT_EQ(kernels_of(graph, /*fuse=*/true), 2u);
}

}  // namespace
}  // namespace sinter::test
