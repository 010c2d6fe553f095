#include "passes/fuse/stored_views.h"

#include <algorithm>
#include <set>

#include "passes/fuse/cluster.h"
#include "passes/lower/lower.h"
#include "support/work.h"

namespace sinter::passes {
namespace {

using ir::OpClass;
using ir::Value;

class Finder {
 public:
  explicit Finder(const ir::Graph& graph) : graph_(graph), in_memory_(graph.ops().size()) {
    for (uint32_t op = 0; op < graph.ops().size(); ++op)
      in_memory_[op] = is_work(graph.ops()[op]) || graph.ops()[op].def->op_class == OpClass::kParameter;
  }

  std::vector<Value> run() {
    std::set<Value> results;
    for (Value result : graph_.results) results.insert(storage_of(graph_, result));
    for (Value result : results) store(result);
    wide_and_deep();
    dot_operands();
    return std::move(stored_);
  }

 private:
  void store(Value value) {
    if (in_memory_[value.op]) return;
    in_memory_[value.op] = true;
    stored_.push_back(value);
  }

  // A view is computed by whoever reads it: what takes too many loads an element, or too many steps, is stored instead.
  void wide_and_deep() {
    constexpr int64_t kMostLoads = 128, kDeepest = 256;
    std::vector<int64_t> loads(graph_.ops().size()), depth(graph_.ops().size());
    for (uint32_t op = 0; op < graph_.ops().size(); ++op) {
      const std::vector<Value>& operands = graph_.ops()[op].operands;
      count_work(1 + operands.size());
      const auto total = [&] {
        int64_t sum = 0;
        for (Value operand : operands) sum += loads[operand.op];
        return sum;
      };
      const bool wide = total() > kMostLoads;
      for (Value operand : operands) {
        if (depth[operand.op] < kDeepest && !(wide && loads[operand.op] > 1)) continue;
        store(operand);
        loads[operand.op] = 1;
        depth[operand.op] = 0;
      }
      loads[op] = in_memory_[op] ? 1 : total();
      for (Value operand : operands)
        if (!in_memory_[op]) depth[op] = std::max(depth[op], depth[operand.op] + 1);
    }
  }

  [[nodiscard]] bool lowers(const std::vector<bool>& in_memory, uint32_t dot) const {
    return lower({.graph = &graph_, .in_memory = &in_memory, .layouts = nullptr, .symbols = 0}, {{dot}, {{dot, 0}}})
        .lowered.has_value();
  }

  void dot_operands() {
    for (uint32_t op = 0; op < graph_.ops().size(); ++op) {
      const std::vector<Value>& operands = graph_.ops()[op].operands;
      if (graph_.ops()[op].def->op_class != OpClass::kDot || lowers(in_memory_, op)) continue;
      std::vector<Value> copied;
      for (Value operand : operands) {
        if (in_memory_[operand.op]) continue;
        std::vector<bool> others = in_memory_;  // so that this one alone is judged
        for (Value other : operands)
          if (other != operand) others[other.op] = true;
        if (!lowers(others, op)) copied.push_back(operand);
      }
      for (Value operand : copied) store(operand);
    }
  }

  const ir::Graph& graph_;
  std::vector<bool> in_memory_;
  std::vector<Value> stored_;
};

}  // namespace

std::vector<Value> stored_views(const ir::Graph& graph) { return Finder(graph).run(); }

}  // namespace sinter::passes
