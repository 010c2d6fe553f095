#include "ir/graph/graph.h"

#include <algorithm>
#include <iterator>

namespace sinter::ir {

Value Graph::add_parameter(Type type, std::string parameter_name) {
  Attributes attributes = ParameterAttributes{std::move(type)};
  Op op{.def = &ops::kParameter, .types = infer_types(ops::kParameter, attributes, {})};
  op.attributes = std::move(attributes);
  if (current_location().known()) op.locations = {current_location()};
  const Value value = append(std::move(op));
  parameters_.push_back({value, std::move(parameter_name)});
  return value;
}

Value Graph::append(Op op) {
  invariant(op.def != nullptr, "an operation has a definition");
  for (Value operand : op.operands)
    invariant(operand.op < ops_.size() && operand.result < ops_[operand.op].types.size(),
              "operands exist before their user");
  ops_.push_back(std::move(op));
  return {.op = static_cast<uint32_t>(ops_.size() - 1), .result = 0};
}

Value GraphBuilder::add(const OpDef& def, Attributes attributes, std::span<const Value> operands) {
  std::vector<Type> given;
  given.reserve(operands.size());
  for (Value operand : operands) given.push_back(graph_.type(operand));
  Op op{.def = &def,
        .operands = {operands.begin(), operands.end()},
        .types = infer_types(def, attributes, given),
        .scope = scope};
  op.attributes = std::move(attributes);
  op.salt = salt;
  op.locations = locations;
  if (op.locations.empty() && current_location().known()) op.locations = {current_location()};
  return graph_.append(std::move(op));
}

std::vector<std::vector<uint32_t>> users(const Graph& graph) {
  std::vector<std::vector<uint32_t>> users(graph.ops().size());
  for (uint32_t at = 0; at < graph.ops().size(); ++at)
    for (Value operand : graph.ops()[at].operands) {
      std::vector<uint32_t>& list = users[operand.op];
      if (list.empty() || list.back() != at) list.push_back(at);
    }
  return users;
}

std::vector<Location> unite(const std::vector<Location>& a, const std::vector<Location>& b) {
  std::vector<Location> both;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

}  // namespace sinter::ir
