// How much code programs need that repeat themselves: the steps of a loop share it, and what grows grows with the
// program.
#include <gtest/gtest.h>

#include <set>

#include "ir/loops/text.h"
#include "passes/fuse/fuse.h"
#include "passes/lower/collapse.h"
#include "passes/lower/share_offsets.h"
#include "passes/pipeline.h"
#include "passes/schedule/cpu.h"

namespace sinter::test {
namespace {

using ir::Graph;
using ir::Value;

struct Code {
  size_t kernels = 0, distinct = 0, instructions = 0;  // instructions: of distinct kernels
};

Code code_of(Graph graph) {
  graph = passes::run_passes(passes::graph_pipeline(), std::move(graph)).graph;
  const passes::Fusion fusion = passes::fuse(graph, {});
  std::vector<passes::LoweredKernel> kernels;
  for (const passes::Cluster& cluster : fusion.clusters) {
    passes::LowerResult result = passes::lower({.graph = &graph, .in_memory = &fusion.in_memory}, cluster);
    if (!result.lowered) throw InternalError(result.reason);
    passes::collapse(result.lowered->kernel);
    passes::schedule_cpu(result.lowered->kernel);
    kernels.push_back(std::move(*result.lowered));
  }
  Code code{.kernels = kernels.size()};
  std::set<std::string> texts;
  for (const passes::LoweredKernel& kernel : passes::share_offsets(std::move(kernels))) {
    if (!texts.insert(loops::code_text(kernel.kernel)).second) continue;
    ++code.distinct;
    code.instructions += kernel.kernel.value_count();
  }
  return code;
}

Graph differentiated(Graph graph) {
  return passes::run_passes(passes::parse_passes("differentiate"), std::move(graph)).graph;
}

Value row(ir::Builder& b, Value x, int64_t at) {
  const Shape shape = b.type(x).shape;
  ir::Integers start(static_cast<size_t>(shape.rank())), limit, step(static_cast<size_t>(shape.rank()), 1);
  for (Dim size : shape) limit.push_back(size.value());
  start[0] = at;
  limit[0] = at + 1;
  return ir::reshape(b, ir::slice(b, x, start, limit, step), Shape(std::vector<Dim>(shape.begin() + 1, shape.end())));
}

// h = tanh(x[t] w + h u), as many times as there are steps; gradients by x, w and u.
Graph unrolled(int64_t steps) {
  Graph graph;
  ir::GraphBuilder b(graph);
  const Value x = graph.add_parameter({kFloat32, Shape{steps, 4, 8}}, "x");
  const Value w = graph.add_parameter({kFloat32, Shape{8, 16}}, "w");
  const Value u = graph.add_parameter({kFloat32, Shape{16, 16}}, "u");
  Value h = ir::full(b, 0, {kFloat32, Shape{4, 16}});
  for (int64_t t = 0; t < steps; ++t)
    h = ir::elementwise(b, "tanh", {ir::elementwise(b, "add", {ir::dot(b, row(b, x, t), w), ir::dot(b, h, u)})});
  graph.results = {ir::reduce(b, "sum", h, {0, 1})};
  return differentiated(std::move(graph));
}

TEST(CodeSize, StepsOfALoopShareTheirCode) {
  const Code some = code_of(unrolled(100)), many = code_of(unrolled(200));
  EXPECT_GT(10 * many.kernels, 19 * some.kernels) << "each step has kernels of its own";
  EXPECT_LT(some.distinct, 25U);
  EXPECT_LE(many.distinct, some.distinct + 5) << "where sums are cut off at the size of a kernel, none is like another";
}

// Rows picked from one tensor, worked on in pairs and stacked, twice; the gradient.
Graph picked(int64_t rows) {
  Graph graph;
  ir::GraphBuilder b(graph);
  const Value x = graph.add_parameter({kFloat32, Shape{rows, 5}}, "x");
  std::vector<Value> parts;
  for (int64_t i = 0; i < rows; ++i) {
    const Value part = ir::elementwise(b, "mul", {ir::elementwise(b, "sin", {row(b, x, i)}), row(b, x, rows - 1 - i)});
    parts.push_back(ir::reshape(b, part, Shape{1, 5}));
  }
  const Value stacked = ir::concat(b, parts, 0);
  graph.results = {ir::reduce(b, "sum", ir::elementwise(b, "mul", {stacked, stacked}), {0, 1})};
  return differentiated(std::move(graph));
}

TEST(CodeSize, PicksAndStacksGrowWithTheirNumber) {
  const Code some = code_of(picked(25)), many = code_of(picked(50)), more = code_of(picked(100));
  EXPECT_LE(many.instructions, 22 * some.instructions / 10 + 100);
  EXPECT_LE(more.instructions, 22 * many.instructions / 10 + 100);
  EXPECT_LT(more.distinct, 40U);
}

TEST(CodeSize, RowsOfOneTensorAreWorkedOnByOneKernel) {
  Graph graph;
  ir::GraphBuilder b(graph);
  const Value x = graph.add_parameter({kFloat32, Shape{6, 4, 8}}, "x");
  const Value w = graph.add_parameter({kFloat32, Shape{8, 16}}, "w");
  for (int64_t t = 0; t < 6; ++t) graph.results.push_back(ir::elementwise(b, "tanh", {ir::dot(b, row(b, x, t), w)}));
  const Code code = code_of(std::move(graph));
  EXPECT_EQ(code.kernels, 6U);
  EXPECT_EQ(code.distinct, 1U);
}

}  // namespace
}  // namespace sinter::test
