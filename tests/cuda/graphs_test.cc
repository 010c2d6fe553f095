// The kernels of whole programs, each against the kernel interpreter: lowered fused and unfused.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ir/graph/text.h"
#include "passes/differentiate.h"
#include "passes/pipeline.h"
#include "tests/cuda/check_cuda.h"
#include "tests/kernels/mlp_step.h"
#include "tests/kernels/training_graphs.h"

namespace sinter::codegen::cuda {
namespace {

using ir::Graph;

// Appends a case for each kernel of the graph.
void add_kernels(std::vector<Case>& cases, const Graph& graph, bool fuse = true) {
  for (const loops::Kernel& kernel : cuda_kernels(graph, fuse)) cases.push_back(random_case(kernel));
}

Graph optimised(const Graph& graph) { return passes::run_passes(passes::graph_pipeline(), graph).graph; }

// The text's function.
Graph program(const std::string& text) { return optimised(ir::parse(text).back()); }

Graph with_gradients(const Graph& graph) { return optimised(passes::differentiate_first_result(graph).graph); }

void check_program(const Graph& graph) {
  std::vector<Case> cases;
  for (const bool fuse : {true, false}) add_kernels(cases, graph, fuse);
  EXPECT_FALSE(cases.empty());
  check_cuda(std::move(cases));
}

TEST(Graphs, MnistStep) { check_program(optimised(test::mlp_step(5, {23, 17, 10}))); }

TEST(Graphs, LinearRegression) { check_program(with_gradients(test::linear_regression(19, 6))); }
TEST(Graphs, SoftmaxCrossEntropy) { check_program(with_gradients(test::softmax_cross_entropy(9, 33))); }
TEST(Graphs, LayerNorm) { check_program(with_gradients(test::layer_norm(7, 40))); }

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
