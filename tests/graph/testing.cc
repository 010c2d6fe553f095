#include "tests/graph/testing.h"

#include <algorithm>
#include <cmath>

namespace sinter::ir {

void PrintTo(const Literal& literal, std::ostream* out) {
  *out << to_string(literal.type) << " {";
  visit_dtype(literal.type.dtype, [&](auto zero) {
    for (auto element : literal.view<decltype(zero)>()) *out << ' ' << element;
  });
  *out << " }";
}

}  // namespace sinter::ir

namespace sinter::ir::testing {
namespace {

std::vector<Value> add_parameters(Graph& graph, const std::vector<Type>& types) {
  std::vector<Value> parameters;
  for (size_t i = 0; i < types.size(); ++i) parameters.push_back(graph.add_parameter(types[i], fmt::format("x{}", i)));
  return parameters;
}

std::vector<Type> types_of(const std::vector<Literal>& literals) {
  std::vector<Type> types;
  for (const Literal& literal : literals) types.push_back(literal.type);
  return types;
}

double inner_product(const Literal& a, const Literal& b) {
  double sum = 0;
  for (size_t i = 0; i < a.view<double>().size(); ++i) sum += a.view<double>()[i] * b.view<double>()[i];
  return sum;
}

// Central differences of <seed, value> along each element of input `which`; value's graph takes the inputs and more.
std::vector<double> differences(Graph& graph, Value value, std::vector<Literal> inputs, size_t which,
                                const Literal& seed) {
  graph.results = {value};
  std::vector<double> slopes;
  for (size_t i = 0; i < inputs[which].view<double>().size(); ++i) {
    double& x = inputs[which].view<double>()[i];
    const double centre = x, step = 1e-5 * std::max(1.0, std::abs(centre));
    x = centre + step;
    const double above = inner_product(evaluate(graph, inputs, Arithmetic::kOracle)[0], seed);
    x = centre - step;
    const double below = inner_product(evaluate(graph, inputs, Arithmetic::kOracle)[0], seed);
    x = centre;
    slopes.push_back((above - below) / (2 * step));
  }
  return slopes;
}

std::string compare(const std::vector<double>& slopes, const std::vector<double>& gradient, double tolerance,
                    const std::string& what) {
  double scale = 1;
  for (double slope : slopes) scale = std::max(scale, std::abs(slope));
  for (size_t i = 0; i < slopes.size(); ++i)
    if (!(std::abs(slopes[i] - gradient[i]) <= tolerance * scale))
      return fmt::format("{}, element {}: gradient {}, finite difference {}\n", what, i, gradient[i], slopes[i]);
  return "";
}

// Checks the gradients of <seed, value>, seed being a new last parameter, with respect to the first parameters.
std::string check(Graph& graph, Value value, const GradientCheck& options, std::vector<Literal> inputs,
                  std::mt19937_64& random, bool second, const std::string& what) {
  const Type type = graph.type(value);
  invariant(type.dtype == kFloat64, "what is differentiated is f64");
  const Value seed = graph.add_parameter(type, fmt::format("seed{}", graph.parameters().size()));
  inputs.push_back(testing::random(type.shape, random, 0.5, 1.5));
  const std::map<Value, Value> gradients = reverse_sweep(graph, value, seed);
  std::string problems;
  for (size_t k = 0; k < options.inputs.size(); ++k) {
    if (options.inputs[k].type.dtype != kFloat64 || (!options.differentiated.empty() && !options.differentiated[k]))
      continue;
    const std::string name = fmt::format("{}input {}", what, k);
    const auto found = gradients.find(graph.parameters()[k].value);
    const std::vector<double> slopes = differences(graph, value, inputs, k, inputs.back());
    std::vector<double> gradient(slopes.size(), 0.0);
    if (found != gradients.end()) {
      if (graph.type(found->second) != options.inputs[k].type)
        return name + ": the gradient has another type than the input\n";
      graph.results = {found->second};
      gradient = values<double>(evaluate(graph, inputs, Arithmetic::kOracle)[0]);
    }
    problems += compare(slopes, gradient, options.tolerance, name);
    if (second && found != gradients.end()) {
      Graph again = graph;
      problems += check(again, found->second, options, inputs, random, false, name + ", then ");
    }
  }
  return problems;
}

}  // namespace

Literal random(const Shape& shape, std::mt19937_64& random, double low, double high) {
  Literal made = Literal::zeros({kFloat64, shape});
  std::uniform_real_distribution<double> uniform(low, high);
  for (double& x : made.view<double>()) x = uniform(random);
  return made;
}

Literal run(const std::vector<Literal>& inputs, Arithmetic arithmetic, const Make& make) {
  Graph graph;
  const std::vector<Value> parameters = add_parameters(graph, types_of(inputs));
  GraphBuilder builder(graph);
  graph.results = {make(builder, parameters)};
  return evaluate(graph, inputs, arithmetic)[0];
}

Type infer(const std::vector<Type>& operands, const Make& make) {
  Graph graph;
  const std::vector<Value> parameters = add_parameters(graph, operands);
  GraphBuilder builder(graph);
  return graph.type(make(builder, parameters));
}

std::string error_of(const std::vector<Type>& operands, const Make& make) {
  return error_of([&] { (void)infer(operands, make); });
}

std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const InternalError& error) {
    return std::string("not a user's error: ") + error.what();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::map<Value, Value> reverse_sweep(Graph& graph, Value of, Value seed) {
  GraphBuilder builder(graph);
  std::map<Value, Value> cotangents{{of, seed}};
  for (uint32_t at = of.op + 1; at-- > 0;) {
    const auto found = cotangents.find({at, 0});
    const Op op = graph.ops()[at];
    if (found == cotangents.end() || op.def->vjp == nullptr) continue;
    const std::vector<Value> results{{at, 0}};
    const std::vector<std::optional<Value>> incoming{found->second};
    const MaybeValues flows = op.def->vjp(builder, *op.def, op.attributes, op.operands, results, incoming);
    invariant(flows.size() == op.operands.size(), "one flow an operand");
    for (size_t k = 0; k < flows.size(); ++k) {
      if (!flows[k]) continue;
      const auto [slot, fresh] = cotangents.try_emplace(op.operands[k], *flows[k]);
      if (!fresh) slot->second = elementwise(builder, "add", {slot->second, *flows[k]});
    }
  }
  return cotangents;
}

std::string check_gradients(const GradientCheck& options, std::mt19937_64& random, const Make& make) {
  Graph graph;
  const std::vector<Value> parameters = add_parameters(graph, types_of(options.inputs));
  GraphBuilder builder(graph);
  const Value value = make(builder, parameters);
  return check(graph, value, options, options.inputs, random, options.second, "");
}

}  // namespace sinter::ir::testing
