// Builds a new graph from an old one, operation by operation, in order. What a pass does to an operation is copy it,
// replace it by an existing or newly built value, or drop it.
#pragma once

#include "ir/graph/graph.h"

namespace sinter::ir {

struct Rewritten {
  Graph graph;
  bool changed = false;
};

class Rewriter {
 public:
  // Parameters are copied at once, under their names; so are name and states.
  explicit Rewriter(const Graph& from);

  // The new value that stands for an old one; its operation must have been copied or replaced before.
  [[nodiscard]] Value at(Value old) const;
  [[nodiscard]] std::vector<Value> at(std::span<const Value> old) const;

  // Copies an old operation with its operands renumbered; the first result in the new graph.
  Value copy(const Op& op, Value old);
  // Appends an operation whose operands are values of the new graph; its first result. It stands for nothing until
  // `replace`.
  Value append(Op op) { return to_.append(std::move(op)); }
  // Makes `with` (a value of the new graph) stand for `old`; unites locations; the graph counts as changed.
  void replace(Value old, Value with);
  // Builds into the new graph; operations made take locations, scope and salt of `for_op`.
  [[nodiscard]] GraphBuilder builder(const Op& for_op);
  // The new graph so far. Building moves its operations: keep no reference to one.
  [[nodiscard]] const Graph& graph() const { return to_; }
  void mark_changed() { changed_ = true; }

  // Maps the results, and hands the new graph over.
  [[nodiscard]] Rewritten finish() &&;

 private:
  const Graph& from_;
  Graph to_;
  std::vector<std::vector<Value>> map_;
  bool changed_ = false;
};

}  // namespace sinter::ir
