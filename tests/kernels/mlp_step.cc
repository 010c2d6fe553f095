#include "tests/kernels/mlp_step.h"

#include "ir/graph/node.h"
#include "passes/differentiate.h"
#include "support/error.h"

namespace sinter::test {
namespace {

using ir::Graph;
using ir::GraphBuilder;
using ir::Node;
using ir::Value;

struct Weight {
  Node value, moment, variance;
};

Node broadcast_rows(GraphBuilder& b, Node bias, const Shape& shape) {
  return {&b, ir::broadcast(b, bias.value, shape, {shape.rank() - 1})};
}
Node broadcast_columns(GraphBuilder& b, Node row_value, const Shape& shape) {
  return {&b, ir::broadcast(b, row_value.value, shape, {0})};
}
Node spread(GraphBuilder& b, Node scalar, const Shape& shape) {
  return {&b, ir::broadcast(b, scalar.value, shape, {})};
}

}  // namespace

Graph mlp_step(int64_t batch, const std::vector<int64_t>& sizes) {
  Graph graph;
  graph.name = "mlp_step";
  GraphBuilder b(graph);
  const auto parameter = [&](const std::string& name, const ir::Type& type) {
    return Node{&b, graph.add_parameter(type, name)};
  };
  const Node images = parameter("images", {kFloat32, {batch, sizes[0]}});
  const Value labels = graph.add_parameter({kInt64, {batch}}, "labels");
  std::vector<Weight> weights;
  for (size_t layer = 0; layer + 1 < sizes.size(); ++layer)
    for (const auto& [kind, shape] :
         {std::pair{"weight", Shape{sizes[layer + 1], sizes[layer]}}, std::pair{"bias", Shape{sizes[layer + 1]}}}) {
      const std::string name = fmt::format("fc{}.{}", layer + 1, kind);
      const ir::Type type{kFloat32, shape};
      weights.push_back({parameter(name, type), parameter(name + ".m", type), parameter(name + ".v", type)});
    }
  const Node step = parameter("step", {kFloat32, {}});

  Node x = images;
  for (size_t layer = 0; 2 * layer < weights.size(); ++layer) {
    const Node w{&b, ir::transpose(b, weights[2 * layer].value.value, {1, 0})};
    x = {&b, ir::dot(b, x.value, w.value)};
    x = x + broadcast_rows(b, weights[2 * layer + 1].value, x.type().shape);
    if (2 * layer + 2 < weights.size()) x = ir::apply_row("relu", {x});
  }
  const Shape logits = x.type().shape;
  const Node shifted = x - broadcast_columns(b, {&b, ir::reduce(b, "max", ir::stop_gradient(b, x.value), {1})}, logits);
  const Node sum = {&b, ir::reduce(b, "sum", exp(shifted).value, {1})};
  const Node picked = {&b, ir::gather(b, shifted.value, labels, 1, 1)};
  const Node loss = Node{&b, ir::reduce(b, "sum", (log(sum) - picked).value, {0})} / static_cast<double>(batch);

  std::vector<Value> wanted;
  for (const Weight& weight : weights) wanted.push_back(weight.value.value);
  const auto gradients = passes::differentiate(graph, loss.value, wanted);

  const Node next_step = step + 1.0;
  const auto correction = [&](double beta) { return 1.0 - pow({&b, ir::scalar(b, beta, kFloat32)}, next_step); };
  const Node step_size = 1e-3 / correction(0.9), root = sqrt(correction(0.999));
  graph.results.push_back(loss.value);
  const auto update = [&](Node state, Node next) {
    graph.results.push_back(next.value);
    for (size_t p = 0; p < graph.parameters().size(); ++p)
      if (graph.parameters()[p].value == state.value) graph.states.push_back({p, graph.results.size() - 1});
  };
  for (size_t i = 0; i < weights.size(); ++i) {
    const Node g{&b, gradients[i].value()};
    const Shape shape = g.type().shape;
    const Node m = weights[i].moment * 0.9 + g * (1 - 0.9), v = weights[i].variance * 0.999 + (g * g) * (1 - 0.999);
    const Node denominator = sqrt(v) / spread(b, root, shape) + 1e-8;
    update(weights[i].value, weights[i].value - spread(b, step_size, shape) * (m / denominator));
    update(weights[i].moment, m);
    update(weights[i].variance, v);
  }
  update(step, next_step);
  return graph;
}

}  // namespace sinter::test
