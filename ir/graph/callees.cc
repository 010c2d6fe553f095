// Walks the call graph without recursing: texts may nest calls deeply.
#include <unordered_set>

#include "ir/graph/graph.h"

namespace sinter::ir {

std::vector<const Graph*> callees_first(const Graph& graph) {
  std::vector<const Graph*> order;
  std::unordered_set<const Graph*> seen{&graph};
  std::vector<std::pair<const Graph*, size_t>> stack{{&graph, 0}};  // graph, next operation to look at
  while (!stack.empty()) {
    auto& [current, next] = stack.back();
    if (next == current->ops().size()) {
      order.push_back(current);
      stack.pop_back();
      continue;
    }
    const auto* call = std::get_if<CallAttributes>(&current->ops()[next++].attributes);
    if (call != nullptr && call->callee != nullptr && seen.insert(call->callee.get()).second)
      stack.emplace_back(call->callee.get(), 0);
  }
  return order;
}

}  // namespace sinter::ir
