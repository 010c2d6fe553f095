#include "passes/fuse/stored_views.h"

#include <algorithm>
#include <map>
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
  Finder(const ir::Graph& graph, const Layouts& layouts)
      : graph_(graph), layouts_(layouts), in_memory_(graph.ops().size()) {
    for (uint32_t op = 0; op < graph.ops().size(); ++op)
      in_memory_[op] = is_work(graph.ops()[op]) || graph.ops()[op].def->op_class == OpClass::kParameter;
  }

  std::vector<StoredView> run() {
    std::set<Value> results;
    for (Value result : graph_.results) results.insert(storage_of(graph_, result));
    for (Value result : results) store(result, std::nullopt, "a result");
    wide_and_deep();
    dot_operands();
    return std::move(stored_);
  }

 private:
  void store(Value value, std::optional<uint32_t> reader, std::string_view reason) {
    if (in_memory_[value.op]) return;
    in_memory_[value.op] = true;
    stored_.push_back({value, reader, reason});
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
        const bool deep = depth[operand.op] >= kDeepest;
        if (!deep && !(wide && loads[operand.op] > 1)) continue;
        store(operand, op, deep ? "it lies behind too many views" : "an element of it takes too many loads");
        loads[operand.op] = 1;
        depth[operand.op] = 0;
      }
      loads[op] = in_memory_[op] ? 1 : total();
      for (Value operand : operands)
        if (!in_memory_[op]) depth[op] = std::max(depth[op], depth[operand.op] + 1);
    }
  }

  // Ascending, since a view that is stored changes how those behind it are read, and none before it.
  void dot_operands() {
    std::map<Value, uint32_t> readers;
    for (uint32_t op = 0; op < graph_.ops().size(); ++op)
      if (graph_.ops()[op].def->op_class == OpClass::kDot)
        for (Value operand : graph_.ops()[op].operands) readers.try_emplace(operand, op);
    const LowerContext context{.graph = &graph_, .in_memory = &in_memory_, .layouts = layouts_, .symbols = 0};
    for (const auto& [operand, dot] : readers)
      if (!is_plain_memory(context, operand)) store(operand, dot, "dot reads plain memory alone");
  }

  const ir::Graph& graph_;
  const Layouts& layouts_;
  std::vector<bool> in_memory_;
  std::vector<StoredView> stored_;
};

}  // namespace

std::vector<StoredView> stored_views(const ir::Graph& graph, const Layouts& layouts) {
  return Finder(graph, layouts).run();
}

}  // namespace sinter::passes
