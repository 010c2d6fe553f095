// The kernels of whole programs, each against the kernel interpreter: lowered fused and unfused.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ir/graph/text.h"
#include "passes/differentiate.h"
#include "passes/pipeline.h"
#include "tests/cuda/check_cuda.h"
#include "tests/kernels/mlp_step.h"

namespace sinter::codegen::cuda {
namespace {

using ir::Graph;

// Appends a case for each kernel of the graph.
void add_kernels(std::vector<Case>& cases, const Graph& graph, bool fuse = true) {
  for (const loops::Kernel& kernel : cuda_kernels(graph, fuse)) cases.push_back(random_case(kernel));
}

Graph optimised(const Graph& graph) { return passes::run_passes(passes::graph_pipeline(), graph).graph; }

// The text's function, with the gradients of its first result if that is a scalar and they are asked for.
Graph program(const std::string& text, bool gradients = false) {
  const Graph graph = ir::parse(text).back();
  return optimised(gradients ? passes::differentiate_first_result(graph).graph : graph);
}

void check_program(const Graph& graph) {
  std::vector<Case> cases;
  for (const bool fuse : {true, false}) add_kernels(cases, graph, fuse);
  EXPECT_FALSE(cases.empty());
  check_cuda(std::move(cases));
}

TEST(Graphs, MnistStep) { check_program(optimised(test::mlp_step(5, {23, 17, 10}))); }

TEST(Graphs, LinearRegression) {
  check_program(program(R"(func @f(%x: f32[19, 6], %w: f32[6, 1], %b: f32[1], %y: f32[19, 1]) -> f32[] {
    %0 = dot %x, %w
    %1 = broadcast %b {shape = [19, 1], axes = [1]}
    %2 = add %0, %1
    %3 = sub %2, %y
    %4 = mul %3, %3
    %5 = reduce_sum %4 {axes = [0, 1]}
    return %5
  })",
                        true));
}

TEST(Graphs, SoftmaxCrossEntropy) {
  check_program(program(R"(func @f(%x: f32[9, 33], %labels: i64[9]) -> f32[] {
    %0 = reduce_max %x {axes = [1]}
    %1 = broadcast %0 {shape = [9, 33], axes = [0]}
    %2 = sub %x, %1
    %3 = exp %2
    %4 = reduce_sum %3 {axes = [1]}
    %5 = log %4
    %6 = gather %2, %labels {axis = 1, batch = 1}
    %7 = sub %5, %6
    %8 = reduce_sum %7 {axes = [0]}
    return %8
  })",
                        true));
}

TEST(Graphs, LayerNorm) {
  check_program(program(R"(func @f(%x: f32[7, 40], %g: f32[40], %b: f32[40], %e: f32[7, 40]) -> f32[] {
    %n = constant f32[] {40}
    %n7 = broadcast %n {shape = [7], axes = []}
    %0 = reduce_sum %x {axes = [1]}
    %1 = div %0, %n7
    %2 = broadcast %1 {shape = [7, 40], axes = [0]}
    %3 = sub %x, %2
    %4 = mul %3, %3
    %5 = reduce_sum %4 {axes = [1]}
    %6 = div %5, %n7
    %7 = sqrt %6
    %8 = broadcast %7 {shape = [7, 40], axes = [0]}
    %9 = div %3, %8
    %10 = broadcast %g {shape = [7, 40], axes = [1]}
    %11 = broadcast %b {shape = [7, 40], axes = [1]}
    %12 = mul %9, %10
    %13 = add %12, %11
    %14 = mul %13, %e
    %15 = reduce_sum %14 {axes = [0, 1]}
    return %15
  })",
                        true));
}

TEST(Graphs, ReductionsOverAnyAxesAndOfLongRanges) {
  check_program(program(R"(func @f(%x: f32[3, 100, 37], %y: f32[4, 5000], %z: f64[5000, 3], %w: f32[70000])
      -> (f32[100], f32[], f32[3, 37], i64[3, 37], f32[4], f32[5000], f64[3], i64[5000], f32[], i64[], f32[]) {
    %0 = reduce_sum %x {axes = [0, 2]}
    %1 = reduce_sum %x {axes = [0, 1, 2]}
    %2 = reduce_sum %x {axes = [1]}
    %3 = argmax %x {axis = 1}
    %4 = reduce_sum %y {axes = [1]}
    %5 = reduce_max %y {axes = [0]}
    %6 = reduce_sum %z {axes = [0]}
    %7 = argmax %z {axis = 1}
    %8 = reduce_sum %w {axes = [0]}
    %9 = argmax %w {axis = 0}
    %10 = reduce_max %w {axes = [0]}
    return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10
  })"));
}

TEST(Graphs, GatherScatterAndRandomBits) {
  check_program(program(R"(func @f(%x: f32[10, 7], %i: i64[4, 3], %key: i64[2])
      -> (f32[4, 3, 7], f32[10, 7], i64[100]) {
    %0 = gather %x, %i {axis = 0, batch = 0}
    %1 = exp %0
    %2 = scatter_add %x, %i, %1 {axis = 0, batch = 0}
    %3 = rng_bits %key {shape = [100]}
    return %1, %2, %3
  })"));
  // Some indices are out of range.
  std::vector<Case> cases;
  add_kernels(cases, program(R"(func @f(%x: f32[3, 7], %i: i64[40]) -> f32[40, 7] {
    %0 = gather %x, %i {axis = 0, batch = 0}
    return %0
  })"));
  EXPECT_TRUE(interpreted(cases.at(0)).fails);
  check_cuda(std::move(cases));
}

TEST(Graphs, DotsOfOddSizesAndAllTranspositions) {
  std::vector<Case> cases;
  constexpr int64_t kSizes[][3] = {{1, 1, 1}, {5, 3, 7}, {17, 33, 9}, {64, 64, 64}, {65, 70, 66}, {1, 100, 130}};
  for (const auto& [m, k, n] : kSizes)
    for (const bool left : {false, true})
      for (const bool right : {false, true}) {
        const std::string text = fmt::format(
            "func @f(%a: f32[{}, {}], %b: f32[{}, {}], %c: f32[{}]) -> f32[{}, {}] {{\n"
            "  %0 = transpose %a {{order = {}}}\n  %1 = transpose %b {{order = {}}}\n  %2 = dot %0, %1\n"
            "  %3 = broadcast %c {{shape = [{}, {}], axes = [1]}}\n  %4 = add %2, %3\n  %5 = relu %4\n  return %5\n}}",
            left ? k : m, left ? m : k, right ? n : k, right ? k : n, n, m, n, left ? "[1, 0]" : "[0, 1]",
            right ? "[1, 0]" : "[0, 1]", m, n);
        add_kernels(cases, program(text));
      }
  check_cuda(std::move(cases));
}

}  // namespace
}  // namespace sinter::codegen::cuda
