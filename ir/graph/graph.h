// The graph IR: typed SSA over pure tensors.
//
// A graph is a list of operations in an order where operands come before users. Its parameters are operations without
// operands at the front; its results are any values. Values never change: state (a weight, a counter) enters as a
// parameter and leaves as a result, and `states` pairs the two so that memory planning may update in place.
// Broadcasting is explicit. Evaluation order among independent operations means nothing. Shapes hold constants or
// symbols; no operation's result shape depends on data. Passes build a new graph from an old one (rewriter.h); only
// differentiation appends.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ir/graph/builder.h"
#include "ir/graph/op_def.h"
#include "support/location.h"

namespace sinter::ir {

struct Op {
  const OpDef* def = nullptr;
  Attributes attributes;
  std::vector<Value> operands;
  std::vector<Type> types;          // of the results
  std::vector<Location> locations;  // the user's lines this stands for: sorted, unique
  std::string scope;                // module path and composite: "encoder.layer3/softmax"; may be empty
  uint32_t salt = 0;                // operations of different salt are never merged (checkpoint)
};

struct Parameter {
  Value value;
  std::string name;
};
struct State {  // result `result` is the next value of parameter `parameter`
  size_t parameter, result;
  bool operator==(const State&) const = default;
};

class Graph {
 public:
  std::string name = "main";

  Value add_parameter(Type type, std::string name);
  // Appends; operands must exist and types be right (the builder infers them).
  Value append(Op op);

  [[nodiscard]] const std::vector<Op>& ops() const { return ops_; }
  [[nodiscard]] const Op& op(Value value) const { return ops_[value.op]; }
  [[nodiscard]] Op& op(Value value) { return ops_[value.op]; }
  [[nodiscard]] const Type& type(Value value) const { return ops_[value.op].types[value.result]; }
  [[nodiscard]] const std::vector<Parameter>& parameters() const { return parameters_; }
  [[nodiscard]] auto begin() const { return ops_.begin(); }
  [[nodiscard]] auto end() const { return ops_.end(); }

  std::vector<Value> results;
  std::vector<State> states;

 private:
  std::vector<Op> ops_;
  std::vector<Parameter> parameters_;
};

// A builder that appends to a graph. New operations take `scope`, `salt`, and `locations`: when there are none, the
// current location (support/location.h).
class GraphBuilder : public Builder {
 public:
  explicit GraphBuilder(Graph& graph) : graph_(graph) {}
  using Builder::add;
  Value add(const OpDef& def, Attributes attributes, std::span<const Value> operands) override;
  [[nodiscard]] const Type& type(Value value) const override { return graph_.type(value); }
  std::string scope;
  uint32_t salt = 0;
  std::vector<Location> locations;

 private:
  Graph& graph_;
};

// Users of each operation: users[i] lists the operations that have a result of ops()[i] as an operand, ascending, once
// each.
[[nodiscard]] std::vector<std::vector<uint32_t>> users(const Graph& graph);

// Every graph that `graph` calls, directly or not, once each, callees before callers; itself last.
[[nodiscard]] std::vector<const Graph*> callees_first(const Graph& graph);

// Unites two sorted location lists.
[[nodiscard]] std::vector<Location> unite(const std::vector<Location>& a, const std::vector<Location>& b);

}  // namespace sinter::ir
