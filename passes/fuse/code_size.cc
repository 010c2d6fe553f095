#include "passes/fuse/code_size.h"

#include <algorithm>
#include <map>
#include <string>

#include "ir/graph/row.h"

namespace sinter::passes {

CodeSize::CodeSize(const ir::Graph& graph) : graph_(graph) {
  std::map<std::string, size_t> known;
  for (const ir::Op& op : graph.ops()) {
    std::string kind(op.def->name);
    for (ir::Value operand : op.operands) kind += " " + to_string(graph.type(operand));
    for (const ir::Type& type : op.types) kind += " " + to_string(type);
    const auto [at, fresh] = known.try_emplace(std::move(kind), counts_.size());
    if (fresh) counts_.push_back(0);
    ++counts_[at->second];
    kinds_.push_back(at->second);
  }
}

double CodeSize::instructions(const std::vector<uint32_t>& ops) const {
  double sum = 0;
  for (uint32_t op : ops) {
    const ir::Row* row = graph_.ops()[op].def->row;
    sum += row != nullptr ? std::max(1.0, row->cost) : 1;
  }
  return sum;
}

double CodeSize::share(const std::vector<uint32_t>& ops) const {
  std::map<size_t, size_t> own;  // by kind
  for (uint32_t op : ops) ++own[kinds_[op]];
  size_t alike = SIZE_MAX;
  for (const auto& [kind, count] : own) alike = std::min(alike, counts_[kind] / count);
  return ops.empty() ? 0 : instructions(ops) / static_cast<double>(alike);
}

}  // namespace sinter::passes
