#include "frontend/lazy_builder.h"

#include "frontend/eager.h"

namespace sinter::detail {

ir::Value LazyBuilder::add(const ir::OpDef& def, ir::Attributes attributes, std::span<const ir::Value> operands) {
  Entry entry{.def = &def, .attributes = std::move(attributes), .operands = {operands.begin(), operands.end()}};
  std::vector<ir::Type> types;
  types.reserve(operands.size());
  for (ir::Value operand : operands) types.push_back(type(operand));
  entry.type = std::move(def.infer(def, entry.attributes, types).front());
  entries_.push_back(std::move(entry));
  return {static_cast<uint32_t>(entries_.size() - 1), 0};
}

ir::Value LazyBuilder::import(Ref<Impl> tensor, DType dtype, const Sizes& shape) {
  entries_.push_back({.type = {dtype, shape.shape()}, .tensor = std::move(tensor)});
  return {static_cast<uint32_t>(entries_.size() - 1), 0};
}

std::vector<char> LazyBuilder::needed(std::span<const ir::Value> values) const {
  std::vector<char> marks(entries_.size(), 0);
  for (ir::Value value : values) marks[value.op] = 1;
  for (size_t i = entries_.size(); i-- > 0;)
    if (marks[i] != 0)
      for (ir::Value operand : entries_[i].operands) marks[operand.op] = 1;
  return marks;
}

void LazyBuilder::demand(std::span<const ir::Value> values) {
  const std::vector<char> marks = needed(values);
  std::vector<Ref<Impl>> operands;
  for (size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    if (marks[i] == 0 || entry.tensor) continue;
    invariant(entry.def != nullptr, "what a derivative depends on was saved");
    operands.clear();
    for (ir::Value operand : entry.operands) operands.push_back(tensor(operand));
    entry.tensor = apply_eager(*entry.def, entry.attributes, operands, device_);
  }
}

bool LazyBuilder::depends(std::span<const ir::Value> values, ir::Value on) const { return needed(values)[on.op] != 0; }

}  // namespace sinter::detail
