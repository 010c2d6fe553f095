#include "frontend/composite_graphs.h"

#include <algorithm>
#include <bit>
#include <map>

#include "frontend/element.h"
#include "frontend/trace.h"
#include "passes/differentiate.h"

namespace sinter::detail {
namespace {

using ir::Graph;
using ir::Op;
using ir::Value;
using passes::SampleSizes;

// Without lines: the kernels serve all calls.
Op without_lines(Op op) {
  op.locations.clear();
  return op;
}

Graph traced_at(const Composite& composite, const Settings& settings, std::span<const SymbolicType> operands,
                const std::vector<int64_t>& sizes) {
  Trace trace;
  std::vector<Tensor> inputs;
  for (const SymbolicType& operand : operands) {
    if (!operand) {
      inputs.emplace_back();
      continue;
    }
    Sizes shape;
    for (Dim size : operand->shape)
      shape.push_back(size.is_symbol() ? sizes[static_cast<size_t>(size.symbol_id())] : size.value());
    inputs.emplace_back(trace.add_input(operand->dtype, shape, fmt::format("x{}", inputs.size())));
  }
  for (const Tensor& result : composite.run(inputs, settings))
    trace.graph.results.push_back(trace.value_of(result.impl()));
  return std::move(trace.graph);
}

const ir::Literal* constant_of(const Op& op) {
  return op.def == &ir::ops::kConstant ? std::get<ir::ConstantAttributes>(op.attributes).value.get() : nullptr;
}

// The sizes whose product both literals are, in their own type.
std::optional<Count> count_of(const ir::Literal& first, const ir::Literal& second, size_t symbols) {
  constexpr int kMostPower = 2;
  if (first.type.shape.rank() != 0) return std::nullopt;
  const SampleSizes sizes(symbols);
  Count count{first.type.dtype, {}};
  const auto is = [&](const ir::Literal& literal, double value) {
    return literal_of(Arg(value), count.dtype).bytes == literal.bytes;
  };
  const auto search = [&](const auto& self, size_t symbol, double a, double b) -> bool {
    if (symbol == symbols) return is(first, a) && is(second, b);
    for (int power = 0; power <= kMostPower; ++power) {
      if (self(self, symbol + 1, a, b)) return true;
      a *= static_cast<double>(sizes.first[symbol]);
      b *= static_cast<double>(sizes.second[symbol]);
      count.factors.push_back(Dim::symbol(static_cast<int>(symbol)));
    }
    count.factors.erase(count.factors.end() - kMostPower - 1, count.factors.end());
    return false;
  };
  return search(search, 0, 1, 1) ? std::optional(count) : std::nullopt;
}

// The graph with the constants in `counts` (by operation) as parameters.
Graph with_counts(const Graph& graph, const std::vector<uint32_t>& counts) {
  Graph made;
  std::map<Value, Value> now;
  for (const ir::Parameter& parameter : graph.parameters())
    now[parameter.value] = made.add_parameter(graph.type(parameter.value), parameter.name);
  for (uint32_t op : counts) now[{op, 0}] = made.add_parameter(graph.type({op, 0}), fmt::format("count{}", op));
  for (uint32_t i = 0; i < graph.ops().size(); ++i) {
    if (now.contains({i, 0})) continue;
    Op op = without_lines(graph.ops()[i]);
    for (Value& operand : op.operands) operand = now.at(operand);
    now[{i, 0}] = made.append(std::move(op));
  }
  for (Value result : graph.results) made.results.push_back(now.at(result));
  return made;
}

struct Joint {
  Graph graph;  // forward, with the gradients appended
  std::vector<std::optional<Value>> gradients;
  Value seed;
  std::vector<Value> earlier;
};

Joint differentiated(const Graph& forward, size_t operands, uint32_t flows, uint32_t earlier) {
  Joint joint{.graph = forward};
  joint.seed = joint.graph.add_parameter(forward.type(forward.results[0]), "cotangent");
  std::vector<Value> targets;
  std::vector<std::pair<Value, Value>> contributions;
  for (size_t i = 0; i < operands; ++i) {
    const Value operand = forward.parameters()[i].value;
    if ((flows >> i & 1) != 0) targets.push_back(operand);
    if ((earlier >> i & 1) == 0) continue;
    joint.earlier.push_back(joint.graph.add_parameter(forward.type(operand), fmt::format("earlier{}", i)));
    contributions.emplace_back(operand, joint.earlier.back());
  }
  joint.gradients = passes::differentiate(joint.graph, forward.results[0], targets, joint.seed, contributions);
  return joint;
}

// What computing `wanted` reads of the first `forward` operations: `needed` (by operation) is to be computed, `saved`
// lies in memory.
struct Cut {
  std::vector<bool> needed;
  std::vector<Value> saved;  // ascending
};

// Whether its elements have to be worked out, rather than found elsewhere.
bool is_work(const Op& op) {
  using enum ir::OpClass;
  constexpr std::array kWork{kElementwise, kReduction, kDot, kScatter};
  return std::ranges::find(kWork, op.def->op_class) != kWork.end();
}

Cut cut(const Graph& graph, size_t forward, std::span<const Value> wanted) {
  constexpr int64_t kMuchSmaller = 16;
  int64_t largest = 0;
  for (const ir::Parameter& parameter : graph.parameters())
    largest = std::max(largest, graph.type(parameter.value).shape.numel());
  Cut found{std::vector<bool>(graph.ops().size()), {}};
  for (Value value : wanted) found.needed[value.op] = true;
  for (size_t i = graph.ops().size(); i-- > 0;) {
    if (!found.needed[i]) continue;
    const Op& op = graph.ops()[i];
    if (i < forward && is_work(op) && kMuchSmaller * op.types[0].shape.numel() <= largest) {
      found.needed[i] = false;
      found.saved.insert(found.saved.begin(), Value{static_cast<uint32_t>(i), 0});
      continue;
    }
    for (Value operand : op.operands) found.needed[operand.op] = true;
  }
  return found;
}

std::vector<Value> defined(const std::vector<std::optional<Value>>& gradients) {
  std::vector<Value> values;
  for (const auto& gradient : gradients)
    if (gradient) values.push_back(*gradient);
  return values;
}

Graph backward_graph(const Family& family, const Graph& forward, uint32_t flows, uint32_t earlier,
                     std::span<const Value> saved, std::vector<int>& results) {
  const auto operands = static_cast<size_t>(std::popcount(family.given));
  const Joint joint = differentiated(forward, operands, flows, earlier);
  const std::vector<Value> wanted = defined(joint.gradients);
  const Cut parts = cut(joint.graph, forward.ops().size(), wanted);
  Graph made;
  made.name = fmt::format("dynamic.{}.backward", family.composite->name);
  std::map<Value, Value> now;
  for (const ir::Parameter& parameter : forward.parameters())
    now[parameter.value] = made.add_parameter(forward.type(parameter.value), parameter.name);
  for (Value value : saved) now[value] = made.add_parameter(forward.type(value), fmt::format("saved{}", value.op));
  now[joint.seed] = made.add_parameter(joint.graph.type(joint.seed), "cotangent");
  for (Value value : joint.earlier)
    now[value] = made.add_parameter(joint.graph.type(value), fmt::format("earlier{}", value.op));
  for (uint32_t i = 0; i < joint.graph.ops().size(); ++i) {
    if (!parts.needed[i] || now.contains({i, 0})) continue;
    Op op = without_lines(joint.graph.ops()[i]);
    for (Value& operand : op.operands) operand = now.at(operand);
    now[{i, 0}] = made.append(std::move(op));
  }
  results.assign(operands, -1);
  for (size_t i = 0, target = 0; i < operands; ++i) {
    if ((flows >> i & 1) == 0) continue;
    const auto& gradient = joint.gradients[target++];
    if (!gradient) continue;
    results[i] = static_cast<int>(made.results.size());
    made.results.push_back(now.at(*gradient));
  }
  return made;
}

}  // namespace

Family trace_family(const Composite& composite, const Settings& settings, std::vector<SymbolicType> operands) {
  Family family{.composite = &composite, .settings = settings, .operands = std::move(operands)};
  size_t defined_before = 0;
  for (size_t i = 0; i < family.operands.size(); ++i) {
    if (!family.operands[i]) continue;
    const Shape& shape = family.operands[i]->shape;
    for (int64_t axis = 0; axis < shape.rank(); ++axis)
      if (shape[axis] == Dim::symbol(static_cast<int>(family.sizes.size())))
        family.sizes.push_back({defined_before, axis});
    family.given |= 1u << i;
    ++defined_before;
  }
  const size_t sizes = family.sizes.size();
  const SampleSizes samples(sizes);
  const Graph first = traced_at(composite, settings, family.operands, samples.first);
  const Graph second = traced_at(composite, settings, family.operands, samples.second);
  if (!driver::same_structure(first, second) ||
      first.parameters().size() != static_cast<size_t>(std::popcount(family.given)))
    return family;
  std::vector<uint32_t> counts;
  for (uint32_t i = 0; i < first.ops().size(); ++i) {
    const ir::Literal *a = constant_of(first.ops()[i]), *b = constant_of(second.ops()[i]);
    if (a == nullptr || *a == *b) continue;
    const auto count = count_of(*a, *b, sizes);
    if (!count) return family;
    counts.push_back(i);
    family.counts.push_back(*count);
  }
  family.first = with_counts(first, counts);
  family.second = with_counts(second, counts);
  family.fits = true;
  return family;
}

std::vector<Value> values_to_save(const Family& family, uint32_t flows) {
  const auto operands = static_cast<size_t>(std::popcount(family.given));
  const Joint joint = differentiated(family.first, operands, flows, 0);
  return cut(joint.graph, family.first.ops().size(), defined(joint.gradients)).saved;
}

GraphPair forward_graphs(const Family& family, std::span<const Value> saved) {
  GraphPair pair{family.first, family.second};
  for (Graph* graph : {&pair.first, &pair.second}) {
    graph->name = fmt::format("dynamic.{}", family.composite->name);
    graph->results.insert(graph->results.end(), saved.begin(), saved.end());
  }
  return pair;
}

BackwardGraphs backward_graphs(const Family& family, uint32_t flows, uint32_t earlier) {
  const std::vector<Value> saved = values_to_save(family, flows);
  BackwardGraphs graphs;
  graphs.first = backward_graph(family, family.first, flows, earlier, saved, graphs.gradients);
  graphs.second = backward_graph(family, family.second, flows, earlier, saved, graphs.gradients);
  return graphs;
}

}  // namespace sinter::detail
