#include "frontend/composite_graphs.h"

#include <algorithm>
#include <bit>
#include <map>

#include "frontend/autograd.h"
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

// nullopt where the function refuses the sizes: nobody has asked for these, by operation it may refuse others.
std::optional<Graph> traced_at(const Composite& composite, const Settings& settings,
                               std::span<const SymbolicType> operands, std::span<const int64_t> sizes) {
  Trace trace;
  const RecordingScope recording;  // one graph for calls on the tape and off it
  std::vector<Tensor> inputs;
  for (const SymbolicType& operand : operands) {
    if (!operand) {
      inputs.emplace_back();
      continue;
    }
    Sizes shape;
    for (Dim size : operand->shape)
      shape.push_back(size.is_symbol() ? sizes[static_cast<size_t>(size.symbol_id())] : size.value());
    inputs.emplace_back(trace.add_differentiable_input(operand->dtype, shape, fmt::format("x{}", inputs.size())));
  }
  try {
    for (const Tensor& result : composite.run(inputs, settings))
      trace.graph.results.push_back(trace.value_of(result.impl()));
  } catch (const InternalError&) {
    throw;
  } catch (const Error&) {
    return std::nullopt;
  }
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
  Count count{.dtype = first.type.dtype, .factors = {}};
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

// The graph with its counts as parameters.
Graph with_counts(const Graph& graph, std::span<const Count> counts) {
  Graph made;
  std::map<Value, Value> now;
  for (const ir::Parameter& parameter : graph.parameters())
    now[parameter.value] = made.add_parameter(graph.type(parameter.value), parameter.name);
  for (const auto& [op, dtype, factors] : counts)
    now[{op, 0}] = made.add_parameter({dtype, {}}, fmt::format("count{}", op));
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

// By operation, whether it is to be computed for `wanted` where those of which is_saved holds lie in memory.
template <class Predicate>
std::vector<bool> needed_for(const Graph& graph, std::span<const Value> wanted, const Predicate& is_saved) {
  std::vector<bool> needed(graph.ops().size());
  for (Value value : wanted) needed[value.op] = true;
  for (size_t i = graph.ops().size(); i-- > 0;) {
    if (!needed[i]) continue;
    if (is_saved(i))
      needed[i] = false;
    else
      for (Value operand : graph.ops()[i].operands) needed[operand.op] = true;
  }
  return needed;
}

// Whether its elements have to be worked out, rather than found elsewhere.
bool is_work(const Op& op) {
  using enum ir::OpClass;
  constexpr std::array kWork{kElementwise, kReduction, kDot, kScatter};
  return std::ranges::find(kWork, op.def->op_class) != kWork.end();
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
  const std::vector<bool> needed = needed_for(joint.graph, wanted, [&](size_t op) {
    return std::ranges::find(saved, Value{static_cast<uint32_t>(op), 0}) != saved.end();
  });
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
    if (!needed[i] || now.contains({i, 0})) continue;
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
  const auto first = traced_at(composite, settings, family.operands, samples.first);
  const auto second = traced_at(composite, settings, family.operands, samples.second);
  if (!first || !second || !driver::same_structure(*first, *second) || !passes::lowers_alike_at_all_sizes(*first) ||
      first->parameters().size() != static_cast<size_t>(std::popcount(family.given)))
    return family;
  for (uint32_t i = 0; i < first->ops().size(); ++i) {
    const ir::Literal *a = constant_of(first->ops()[i]), *b = constant_of(second->ops()[i]);
    if (a == nullptr || *a == *b) continue;
    auto count = count_of(*a, *b, sizes);
    if (!count) return family;
    count->op = i;
    family.counts.push_back(std::move(*count));
  }
  family.first = with_counts(*first, family.counts);
  family.second = with_counts(*second, family.counts);
  family.fits = true;
  return family;
}

bool holds_at(const Family& family, std::span<const int64_t> sizes) {
  const auto traced = traced_at(*family.composite, family.settings, family.operands, sizes);
  if (!traced) return false;
  for (const Count& count : family.counts) {
    const ir::Literal* literal = count.op < traced->ops().size() ? constant_of(traced->ops()[count.op]) : nullptr;
    const Arg product(static_cast<double>(driver::product_of(count.factors, sizes)));
    if (literal == nullptr || *literal != literal_of(product, count.dtype)) return false;
  }
  const Graph here = with_counts(*traced, family.counts);
  if (!driver::same_structure(here, family.first)) return false;
  const SampleSizes samples(sizes.size());
  for (uint32_t i = 0; i < here.ops().size(); ++i) {
    const ir::Literal *found = constant_of(here.ops()[i]), *known = constant_of(family.first.ops()[i]);
    if (found != nullptr && *found != *known) return false;
    const Shape &shape = here.type({i, 0}).shape, &first = family.first.type({i, 0}).shape,
                &second = family.second.type({i, 0}).shape;
    for (int64_t axis = 0; axis < shape.rank(); ++axis) {
      const auto factors = passes::factors(first[axis].value(), second[axis].value(), samples);
      if (!factors || driver::product_of(*factors, sizes) != shape[axis].value()) return false;
    }
  }
  return true;
}

std::vector<Value> values_to_save(const Family& family, uint32_t flows) {
  constexpr int64_t kMuchSmaller = 16;
  const Joint joint = differentiated(family.first, static_cast<size_t>(std::popcount(family.given)), flows, 0);
  int64_t largest = 0;
  for (const ir::Parameter& parameter : joint.graph.parameters())
    largest = std::max(largest, joint.graph.type(parameter.value).shape.numel());
  std::vector<Value> saved;
  (void)needed_for(joint.graph, defined(joint.gradients), [&](size_t i) {
    const Op& op = joint.graph.ops()[i];
    const bool small =
        i < family.first.ops().size() && is_work(op) && kMuchSmaller * op.types[0].shape.numel() <= largest;
    if (small) saved.insert(saved.begin(), Value{static_cast<uint32_t>(i), 0});
    return small;
  });
  return saved;
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
