#include "tests/random_derivatives.h"

#include <numeric>

#include "passes/differentiate.h"
#include "passes/inline_calls.h"
#include "tests/random_engine.h"

namespace sinter::tests {
namespace {

ir::Graph weighted_sum(ir::Graph graph, RandomEngine& random) {
  ir::GraphBuilder b(graph);
  ir::Value sum = ir::scalar(b, 0, kFloat64);
  for (ir::Value result : std::vector(graph.results)) {
    if (!is_float(graph.type(result).dtype)) continue;
    ir::Literal weights = ir::Literal::zeros({kFloat64, graph.type(result).shape});
    for (double& weight : weights.view<double>()) weight = random.uniform(0.5, 1.5) * (random.one_in(2) ? 1 : -1);
    const ir::Value weighted =
        ir::elementwise(b, "mul", {ir::convert(b, result, kFloat64), ir::constant(b, std::move(weights))});
    ir::Integers axes(static_cast<size_t>(graph.type(result).shape.rank()));
    std::iota(axes.begin(), axes.end(), 0);
    sum = ir::elementwise(b, "add", {sum, ir::reduce(b, "sum", weighted, axes)});
  }
  graph.results = {sum};
  graph.states.clear();
  return graph;
}

}  // namespace

std::vector<Derivative> random_derivatives(const ir::Graph& graph, uint64_t seed, int order) {
  RandomEngine random(seed);
  std::vector<Derivative> found;
  for (ir::Graph last = passes::inline_calls(graph).graph; order > 0; --order) {
    Derivative next{weighted_sum(std::move(last), random), {}};
    next.gradients = passes::differentiate_first_result(next.of).graph;
    next.gradients.results.erase(next.gradients.results.begin());
    last = next.gradients;
    found.push_back(std::move(next));
  }
  return found;
}

}  // namespace sinter::tests
