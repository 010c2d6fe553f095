// Lowering, fusion and planning: kernels interpreted in planned memory give the bits of the typed reference.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <climits>
#include <cstring>
#include <random>

#include "ir/graph/node.h"
#include "ir/graph/reference.h"
#include "ir/graph/text.h"
#include "ir/loops/text.h"
#include "passes/differentiate.h"
#include "passes/fuse/fuse.h"
#include "passes/pipeline.h"
#include "passes/plan/plan.h"
#include "tests/kernels/run_plan.h"

namespace sinter::test {
namespace {

using ir::Graph;
using ir::Literal;

Literal random_literal(const ir::Type& type, std::mt19937_64& random) {
  Literal literal = Literal::zeros(type);
  visit_dtype(type.dtype, [&](auto zero) {
    using T = decltype(zero);
    std::uniform_real_distribution<double> draw(-2, 2);
    for (T& element : literal.view<T>()) element = static_cast<T>(draw(random));
  });
  return literal;
}

// Runs `text` fused and unfused, phases in both orders, and compares with the reference. Kernels of the fused run.
std::vector<loops::Kernel> check(const std::string& text, std::vector<Literal> inputs = {}) {
  const Graph graph = passes::run_passes(passes::graph_pipeline(), ir::parse(text).back()).graph;
  std::mt19937_64 random(7);
  for (size_t p = inputs.size(); p < graph.parameters().size(); ++p)
    inputs.push_back(random_literal(graph.type(graph.parameters()[p].value), random));
  const std::vector<Literal> expected = ir::evaluate(graph, inputs, ir::Arithmetic::kTyped);
  std::vector<loops::Kernel> fused;
  for (const bool fuse : {false, true})
    for (const bool backwards : {false, true}) {
      const PlanRun run = run_plan(graph, inputs, {.fuse = fuse, .backwards = backwards});
      EXPECT_EQ(run.results.size(), expected.size());
      for (size_t r = 0; r < expected.size(); ++r)
        EXPECT_EQ(run.results[r].bytes, expected[r].bytes) << "result " << r << (fuse ? " fused" : " unfused") << "\n"
                                                           << ir::print(graph) << run.plan;
      fused = run.kernels;
    }
  return fused;
}

// The loss needs one shifted logit a row: it is computed again, not kept for all of them.
TEST(Lower, CrossEntropyStoresNoLogits) {
  Literal labels = Literal::zeros({kInt64, {40}});
  for (int64_t& label : labels.view<int64_t>()) label = (&label - labels.view<int64_t>().data()) * 7 % 64;
  const std::string text = R"(func @f(%t: i64[40], %x: f32[40, 64]) -> (f32[], f32[40, 64]) {
    %0 = stop_gradient %x
    %1 = reduce_max %0 {axes = [1]}
    %2 = broadcast %1 {shape = [40, 64], axes = [0]}
    %3 = sub %x, %2
    %4 = exp %3
    %5 = reduce_sum %4 {axes = [1]}
    %6 = log %5
    %7 = gather %3, %t {axis = 1, batch = 1}
    %8 = sub %6, %7
    %9 = reduce_sum %8 {axes = [0]}
    %10 = broadcast %5 {shape = [40, 64], axes = [0]}
    %11 = div %4, %10
    return %9, %11
  })";
  int64_t large = 0;
  for (const loops::Kernel& kernel : check(text, {labels}))
    for (const loops::Buffer& buffer : kernel.buffers)
      large += buffer.role == loops::Buffer::Role::kOut && buffer.size.value() == 40 * 64 ? 1 : 0;
  EXPECT_EQ(large, 1) << "the result";
}

// Of a dot's operands only those that are no plain memory are copied: one copy beside the product.
TEST(Lower, ADotCopiesTheOperandThatNeedsIt) {
  const auto kernels = check(R"(func @f(%x: f32[6, 5], %y: f32[4, 3], %z: f32[]) -> (f32[5, 7]) {
    %0 = transpose %x {order = [1, 0]}
    %1 = pad %y, %z {low = [1, 2], high = [1, 2], interior = [0, 0]}
    %2 = dot %0, %1
    return %2
  })");
  EXPECT_EQ(kernels.size(), 2u);
}

TEST(Lower, ElementwiseChainIsOneKernelOfOneRange) {
  const auto kernels = check(R"(func @f(%x: f32[6, 17], %y: f32[6, 17]) -> (f32[6, 17]) {
    %0 = mul %x, %y
    %1 = exp %0
    %2 = add %1, %x
    return %2
  })");
  ASSERT_EQ(kernels.size(), 1u);
  EXPECT_EQ(kernels[0].outer, (std::vector<Dim>{102}));
}

TEST(Lower, ViewsVanishIntoAddresses) {
  const auto kernels = check(R"(func @f(%x: f32[4, 6, 5], %b: f32[5]) -> (f32[6, 20]) {
    %0 = transpose %x {order = [1, 0, 2]}
    %1 = broadcast %b {shape = [6, 4, 5], axes = [2]}
    %2 = add %0, %1
    %3 = reshape %2 {shape = [6, 20]}
    return %3
  })");
  EXPECT_EQ(kernels.size(), 1u);
}

TEST(Lower, ReshapeThatMixesAxesDividesItsIndices) {
  const auto kernels = check(R"(func @f(%x: f32[4, 6]) -> (f32[3, 8]) {
    %0 = transpose %x {order = [1, 0]}
    %1 = reshape %0 {shape = [3, 8]}
    %2 = neg %1
    return %2
  })");
  ASSERT_EQ(kernels.size(), 1u);
}

TEST(Lower, SlicesPadsAndConcats) {
  check(R"(func @f(%x: f32[5, 7], %y: f32[5, 3]) -> (f32[5, 10], f32[9, 8]) {
    %z = constant f32[] {2.5}
    %0 = concat %x, %y {axis = 1}
    %1 = exp %0
    %2 = slice %x {start = [1, 0], limit = [5, 7], step = [2, 3]}
    %3 = pad %2, %z {low = [1, 2], high = [2, 1], interior = [4, 1]}
    %4 = neg %3
    return %1, %4
  })");
}

TEST(Lower, SoftmaxIsOneKernelOfThreePasses) {
  const auto kernels = check(R"(func @f(%x: f32[33, 50]) -> (f32[33, 50]) {
    %0 = reduce_max %x {axes = [1]}
    %1 = broadcast %0 {shape = [33, 50], axes = [0]}
    %2 = sub %x, %1
    %3 = exp %2
    %4 = reduce_sum %3 {axes = [1]}
    %5 = broadcast %4 {shape = [33, 50], axes = [0]}
    %6 = div %3, %5
    return %6
  })");
  ASSERT_EQ(kernels.size(), 1u);
  EXPECT_EQ(kernels[0].outer, (std::vector<Dim>{33}));
}

TEST(Lower, ReductionsOverAnyAxesAndOfLongRanges) {
  check(R"(func @f(%x: f32[3, 100, 70]) -> (f32[100], f32[], f32[3, 70], i64[3, 70]) {
    %0 = reduce_sum %x {axes = [0, 2]}
    %1 = reduce_sum %x {axes = [0, 1, 2]}
    %2 = reduce_sum %x {axes = [1]}
    %3 = argmax %x {axis = 1}
    return %0, %1, %2, %3
  })");
}

TEST(Lower, MatrixProductTakesItsEpilogue) {
  const auto kernels = check(R"(func @f(%x: f32[9, 20], %w: f32[13, 20], %b: f32[13]) -> (f32[9, 13]) {
    %0 = transpose %w {order = [1, 0]}
    %1 = dot %x, %0
    %2 = broadcast %b {shape = [9, 13], axes = [1]}
    %3 = add %1, %2
    %4 = relu %3
    return %4
  })");
  ASSERT_EQ(kernels.size(), 1u);
  EXPECT_TRUE(kernels[0].is_dot());
}

TEST(Lower, MatrixProductOfSomethingThatIsNotPlainMemoryGetsACopy) {
  const auto kernels = check(R"(func @f(%x: f32[4, 6], %y: f32[6, 5]) -> (f32[4, 5]) {
    %z = constant f32[] {0}
    %0 = slice %y {start = [0, 0], limit = [3, 5], step = [1, 1]}
    %1 = pad %0, %z {low = [3, 0], high = [0, 0], interior = [0, 0]}
    %2 = dot %x, %1
    return %2
  })");
  EXPECT_EQ(kernels.size(), 2u);
}

TEST(Lower, GatherAndScatter) {
  const Literal x = [] {
    std::mt19937_64 random(3);
    return random_literal({kFloat32, {10, 7}}, random);
  }();
  Literal i = Literal::zeros({kInt64, {4, 3}});
  for (size_t n = 0; n < 12; ++n) i.view<int64_t>()[n] = static_cast<int64_t>(n * 7 % 10);
  check(R"(func @f(%x: f32[10, 7], %i: i64[4, 3]) -> (f32[4, 3, 7], f32[10, 7]) {
    %0 = gather %x, %i {axis = 0, batch = 0}
    %1 = exp %0
    %2 = scatter_add %x, %i, %1 {axis = 0, batch = 0}
    return %1, %2
  })",
        {x, i});
}

TEST(Lower, StateIsUpdatedInPlaceAndSwappedStateIsCopied) {
  const auto kernels = check(R"(func @f(%p: f32[40] state, %g: f32[40]) -> (f32[40] updates %p) {
    %0 = sub %p, %g
    return %0
  })");
  EXPECT_EQ(kernels.size(), 1u);
  check(R"(func @f(%p: f32[40] state, %q: f32[40] state) -> (f32[40] updates %p, f32[40] updates %q) {
    return %q, %p
  })");
  check(R"(func @f(%p: f32[6, 6] state) -> (f32[6, 6] updates %p, f32[6, 6]) {
    %0 = transpose %p {order = [1, 0]}
    %1 = add %0, %p
    return %1, %p
  })");
}

// When a check fails, what follows it is left out: state must not have been written by then, nor be written beside it.
void expect_checks_before_state(const char* text) {
  const Graph graph = passes::run_passes(passes::graph_pipeline(), ir::parse(text).back()).graph;
  const passes::Fusion fusion = passes::fuse(graph, {});
  std::vector<passes::LoweredKernel> kernels;
  for (const passes::Cluster& cluster : fusion.clusters)
    kernels.push_back(
        passes::lower({.graph = &graph, .in_memory = &fusion.in_memory, .layouts = nullptr}, cluster).lowered.value());
  const passes::Plan plan = passes::plan(graph, kernels);
  int last_check = -1, first_write = INT_MAX;
  for (const passes::Step& step : plan.steps) {
    if (step.checks_indices) last_check = std::max(last_check, step.phase);
    if (step.writes_state) first_write = std::min(first_write, step.phase);
  }
  EXPECT_GE(last_check, 0) << text;
  EXPECT_LT(last_check, first_write) << passes::print(plan, kernels);
}

TEST(Lower, StateIsWrittenAfterAllIndexChecks) {
  expect_checks_before_state(R"(func @beside(%p: f32[3] state, %x: f32[10], %i: i64[3]) -> (f32[3] updates %p) {
    %0 = gather %x, %i {axis = 0, batch = 0}
    %1 = add %p, %0
    return %1
  })");
  expect_checks_before_state(R"(func @scatter(%p: f32[9] state, %i: i64[3], %u: f32[3]) -> (f32[9] updates %p) {
    %0 = scatter_add %p, %i, %u {axis = 0, batch = 0}
    return %0
  })");
  expect_checks_before_state(R"(func @after(%p: f32[30] state, %i: i64[3]) -> (f32[30] updates %p, f32[3]) {
    %0 = reduce_sum %p {axes = [0]}
    %1 = broadcast %0 {shape = [30], axes = []}
    %2 = sub %p, %1
    %3 = gather %2, %i {axis = 0, batch = 0}
    %4 = reduce_sum %3 {axes = [0]}
    %5 = broadcast %4 {shape = [3], axes = []}
    return %2, %5
  })");
}

TEST(Lower, RowsOfWorkThatDoesNotVaryAlongThemIsDoneOncePerRow) {
  const auto kernels = check(R"(func @f(%x: f32[20, 30], %s: f32[20]) -> (f32[20, 30]) {
    %0 = exp %s
    %1 = broadcast %0 {shape = [20, 30], axes = [0]}
    %2 = mul %x, %1
    return %2
  })");
  ASSERT_EQ(kernels.size(), 1u);
  EXPECT_EQ(kernels[0].outer, (std::vector<Dim>{20}));
  EXPECT_EQ(kernels[0].passes.size(), 2u);
}

TEST(Lower, RandomBitsDependOnTheElementAlone) {
  Literal key = Literal::zeros({kInt64, {2}});
  key.view<int64_t>()[0] = 42;
  key.view<int64_t>()[1] = 5;
  check(R"(func @f(%k: i64[2]) -> (i64[7, 9]) {
    %0 = rng_bits %k {shape = [9, 7]}
    %1 = transpose %0 {order = [1, 0]}
    return %1
  })",
        {key});
}

TEST(Lower, EmptyTensors) {
  check(R"(func @f(%x: f32[0, 5], %y: f32[5, 0]) -> (f32[0], f32[5], f32[5, 5], f32[0, 5]) {
    %0 = reduce_sum %x {axes = [1]}
    %1 = reduce_sum %x {axes = [0]}
    %2 = dot %y, %x
    %3 = exp %x
    return %0, %1, %2, %3
  })");
}

}  // namespace
}  // namespace sinter::test
