// The training step of the MNIST network: how many kernels and barriers it takes, and its bits.
#include <gtest/gtest.h>

#include <random>

#include "ir/graph/reference.h"
#include "ir/graph/text.h"
#include "passes/fuse/fuse.h"
#include "passes/pipeline.h"
#include "tests/kernels/mlp_step.h"
#include "tests/kernels/run_plan.h"

namespace sinter::test {
namespace {

TEST(MlpStep, FusedKernelsGiveTheReferencesBits) {
  const ir::Graph graph = passes::run_passes(passes::graph_pipeline(), mlp_step(8, {33, 17, 10})).graph;
  std::mt19937_64 random(5);
  std::vector<ir::Literal> inputs;
  for (const ir::Parameter& parameter : graph.parameters()) {
    ir::Literal literal = ir::Literal::zeros(graph.type(parameter.value));
    if (literal.type.dtype == kInt64)
      for (int64_t& label : literal.view<int64_t>()) label = static_cast<int64_t>(random() % 10);
    else
      for (float& x : literal.view<float>()) x = std::uniform_real_distribution<float>(0.0f, 0.5f)(random);
    inputs.push_back(std::move(literal));
  }
  const auto expected = ir::evaluate(graph, inputs, ir::Arithmetic::kTyped);
  for (const bool fuse : {false, true}) {
    const PlanRun run = run_plan(graph, inputs, {.fuse = fuse});
    for (size_t r = 0; r < expected.size(); ++r)
      EXPECT_EQ(run.results[r].bytes == expected[r].bytes, true) << "result " << r << "\n" << run.plan;
  }
}

TEST(MlpStep, TakesFewKernelsAndBarriers) {
  const ir::Graph graph = passes::run_passes(passes::graph_pipeline(), mlp_step(8, {32, 16, 16, 10})).graph;
  std::vector<ir::Literal> inputs;
  for (const ir::Parameter& parameter : graph.parameters())
    inputs.push_back(ir::Literal::zeros(graph.type(parameter.value)));
  const PlanRun run = run_plan(graph, inputs, {});
  // Three layers forward; loss rows and their mean; two gradients of activations; six parameters with Adam; Adam's
  // scalars.
  EXPECT_LE(run.kernels.size(), 14u) << run.plan << ir::print(graph);
  EXPECT_NE(run.plan.find(" bytes, 7 phases\n"), std::string::npos) << run.plan;
}

TEST(MlpStep, FusionTriesInProportionToTheDepth) {
  const auto trials = [](size_t layers) {
    const ir::Graph graph =
        passes::run_passes(passes::graph_pipeline(), mlp_step(8, std::vector<int64_t>(layers + 1, 16))).graph;
    return passes::fuse(graph, {}).trials;
  };
  const size_t few = trials(5), some = trials(10), many = trials(20);
  EXPECT_EQ(many - some, 2 * (some - few)) << few << " " << some << " " << many;
  EXPECT_LT(many, 20 * 75u) << "what is known is not tried again";
}

}  // namespace
}  // namespace sinter::test
