// The builder that derivative rules run against in the dynamic engine. It notes operations and executes those that are
// asked for: a rule states the cotangents of all operands, and only some are needed.
#pragma once

#include <deque>

#include "frontend/impl.h"
#include "ir/graph/op_def.h"

namespace sinter::detail {

class LazyBuilder : public ir::Builder {
 public:
  // device: where operations without operands run.
  explicit LazyBuilder(Device device) : device_(device) {}
  using Builder::add;
  ir::Value add(const ir::OpDef& def, ir::Attributes attributes, std::span<const ir::Value> operands) override;
  [[nodiscard]] const ir::Type& type(ir::Value value) const override { return entries_[value.op].type; }

  // A value whose tensor may be missing if nothing demanded depends on it.
  ir::Value import(Ref<Impl> tensor, DType dtype, const Sizes& shape);
  // Executes all that these values depend on, in the order in which it was noted.
  void demand(std::span<const ir::Value> values);
  [[nodiscard]] const Ref<Impl>& tensor(ir::Value value) const { return entries_[value.op].tensor; }
  // Whether one of `values` depends on `on`.
  [[nodiscard]] bool depends(std::span<const ir::Value> values, ir::Value on) const;

 private:
  struct Entry {
    const ir::OpDef* def = nullptr;  // null: imported
    ir::Attributes attributes;
    std::vector<ir::Value> operands;
    ir::Type type;
    Ref<Impl> tensor;
  };
  [[nodiscard]] std::vector<char> needed(std::span<const ir::Value> values) const;
  Device device_;
  std::deque<Entry> entries_;
};

}  // namespace sinter::detail
