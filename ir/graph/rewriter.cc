#include "ir/graph/rewriter.h"

namespace sinter::ir {

Rewriter::Rewriter(const Graph& from) : from_(from), map_(from.ops().size()) {
  to_.name = from.name;
  to_.states = from.states;
  for (const Parameter& parameter : from.parameters()) {
    const Value made = to_.add_parameter(from.type(parameter.value), parameter.name);
    to_.op(made).locations = from.op(parameter.value).locations;
    map_[parameter.value.op] = {made};
  }
}

Value Rewriter::at(Value old) const {
  invariant(old.op < map_.size() && old.result < map_[old.op].size() && map_[old.op][old.result].op != Value::kNone,
            "a value is used after its operation was copied or replaced");
  return map_[old.op][old.result];
}

std::vector<Value> Rewriter::at(std::span<const Value> old) const {
  std::vector<Value> values;
  values.reserve(old.size());
  for (Value each : old) values.push_back(at(each));
  return values;
}

Value Rewriter::copy(const Op& op, Value old) {
  if (op.def->op_class == OpClass::kParameter) return at(old);  // copied at the start
  Op made = op;
  made.operands = at(op.operands);
  const Value first = to_.append(std::move(made));
  std::vector<Value>& values = map_[old.op];
  values.clear();
  for (uint32_t i = 0; i < op.types.size(); ++i) values.push_back({first.op, i});
  return first;
}

void Rewriter::replace(Value old, Value with) {
  const Op& gone = from_.op(old);
  Op& survivor = to_.op(with);
  invariant(gone.types[old.result] == survivor.types[with.result], "a value is replaced by one of its own type");
  if (survivor.def->op_class != OpClass::kParameter) survivor.locations = unite(survivor.locations, gone.locations);
  map_[old.op].resize(gone.types.size());
  map_[old.op][old.result] = with;
  changed_ = true;
}

GraphBuilder Rewriter::builder(const Op& for_op) {
  GraphBuilder builder(to_);
  builder.scope = for_op.scope;
  builder.salt = for_op.salt;
  builder.locations = for_op.locations;
  return builder;
}

Rewritten Rewriter::finish() && {
  to_.results = at(from_.results);
  return {std::move(to_), changed_};
}

}  // namespace sinter::ir
