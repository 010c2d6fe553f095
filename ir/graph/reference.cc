#include "ir/graph/reference.h"

#include <map>

#include "ir/graph/ops/check.h"

namespace sinter::ir {
namespace {

template <class From, class To>
Literal converted(const Literal& from) {
  Literal to = Literal::zeros({dtype_of<To>, from.type.shape});
  for (size_t i = 0; i < from.view<From>().size(); ++i) to.view<To>()[i] = static_cast<To>(from.view<From>()[i]);
  return to;
}

DType stored(DType dtype, Arithmetic arithmetic) {
  return arithmetic == Arithmetic::kOracle && is_float(dtype) ? kFloat64 : dtype;
}

// The sizes that the symbols of a graph have in one evaluation.
class Symbols {
 public:
  explicit Symbols(std::span<const int64_t> given) {
    for (size_t id = 0; id < given.size(); ++id) sizes_[static_cast<int>(id)] = given[id];
  }
  // Compares an input with its parameter; the first use of a symbol gives it its size.
  void bind(const Parameter& parameter, size_t position, const Type& expected, const Type& given) {
    bool fits = expected.shape.rank() == given.shape.rank() && given.shape.is_static();
    for (int64_t axis = 0; fits && axis < expected.shape.rank(); ++axis) {
      const Dim dim = expected.shape[axis];
      const int64_t size = given.shape[axis].value();
      fits = dim.is_symbol() ? sizes_.try_emplace(dim.symbol_id(), size).first->second == size : dim.is(size);
    }
    if (fits) return;
    std::string bound;
    for (const auto& [id, size] : sizes_)
      bound += fmt::format("{}s{} = {}", bound.empty() ? ", where " : ", ", id, size);
    throw ShapeError(fmt::format("evaluate: argument {} (%{}) has type {}, expected {}{}", position, parameter.name,
                                 to_string(given), to_string(expected), bound));
  }
  [[nodiscard]] Shape resolve(const Shape& shape) const {
    Shape known = shape;
    for (int64_t axis = 0; axis < shape.rank(); ++axis)
      if (shape[axis].is_symbol()) known[axis] = size(shape[axis]);
    return known;
  }

 private:
  [[nodiscard]] int64_t size(Dim dim) const {
    const auto found = sizes_.find(dim.symbol_id());
    if (found == sizes_.end())
      throw ShapeError(
          fmt::format("evaluate: the size of {} is unknown, expected a parameter that has it", to_string(dim)));
    return found->second;
  }
  std::map<int, int64_t> sizes_;
};

}  // namespace

Literal to_oracle(const Literal& literal) {
  return literal.type.dtype == kFloat32 ? converted<float, double>(literal) : literal;
}

Literal from_oracle(const Literal& literal, DType dtype) {
  return literal.type.dtype == kFloat64 && dtype == kFloat32 ? converted<double, float>(literal) : literal;
}

std::vector<Literal> evaluate(const Graph& graph, std::span<const Literal> inputs, Arithmetic arithmetic,
                              std::span<const int64_t> given) {
  const std::vector<Parameter>& parameters = graph.parameters();
  if (inputs.size() != parameters.size())
    throw ValueError(fmt::format("evaluate: given {} arguments, expected {}, as @{} has parameters", inputs.size(),
                                 parameters.size(), graph.name));
  Symbols symbols(given);
  std::vector<std::vector<Literal>> values(graph.ops().size());
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Type& type = graph.type(parameters[i].value);
    const DType expected = stored(type.dtype, arithmetic);
    if (inputs[i].type.dtype != expected)
      throw DTypeError(fmt::format("evaluate: argument {} (%{}) has type {}, expected element type {}", i + 1,
                                   parameters[i].name, to_string(inputs[i].type), name(expected)));
    symbols.bind(parameters[i], i + 1, type, inputs[i].type);
    values[parameters[i].value.op] = {inputs[i]};
  }
  for (size_t at = 0; at < graph.ops().size(); ++at) {
    const Op& op = graph.ops()[at];
    if (op.def->op_class == OpClass::kParameter) continue;
    const LocationScope location(op.locations.empty() ? Location{} : op.locations.front());
    std::vector<const Literal*> operands;
    for (Value operand : op.operands) operands.push_back(&values[operand.op][operand.result]);
    for (const Type& type : op.types)
      values[at].push_back(Literal::zeros({stored(type.dtype, arithmetic), symbols.resolve(type.shape)}));
    op.def->evaluate(*op.def, op.attributes, arithmetic, operands, values[at]);
  }
  std::vector<Literal> results;
  for (Value value : graph.results) results.push_back(values[value.op][value.result]);
  return results;
}

}  // namespace sinter::ir
