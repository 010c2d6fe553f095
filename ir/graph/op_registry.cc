// The list of all operations: structural ones, one for each elementwise row, one for each combiner.
#include <deque>
#include <unordered_map>

#include "ir/graph/combiner.h"
#include "ir/graph/generic_ops.h"
#include "ir/graph/op_def.h"
#include "ir/graph/row.h"

namespace sinter::ir {
namespace {

struct Registry {
  std::deque<std::string> names;  // of reductions; stay where they are
  std::deque<OpDef> made;
  std::vector<const OpDef*> all;
  std::unordered_map<std::string_view, const OpDef*> by_name;

  Registry() {
    all = {&ops::kParameter, &ops::kConstant, &ops::kIota, &ops::kRngBits};
    for (const Row& row : rows()) all.push_back(&made.emplace_back(elementwise_op(row)));
    for (const Combiner& combiner : combiners())
      all.push_back(
          &made.emplace_back(reduction_op(combiner, names.emplace_back("reduce_" + std::string(combiner.name)))));
    all.insert(all.end(),
               {&ops::kArgmax, &ops::kBroadcast, &ops::kReshape, &ops::kTranspose, &ops::kSlice, &ops::kPad,
                &ops::kConcat, &ops::kGather, &ops::kScatterAdd, &ops::kDot, &ops::kStopGradient, &ops::kCall});
    for (const OpDef* def : all) invariant(by_name.emplace(def->name, def).second, "operation names are unique");
  }
};

const Registry& registry() {
  static const Registry& registered = *new Registry;  // operations may run in the destructors of other globals
  return registered;
}

}  // namespace

std::span<const OpDef* const> all_ops() { return registry().all; }

const OpDef* find_op(std::string_view name) {
  const auto found = registry().by_name.find(name);
  return found == registry().by_name.end() ? nullptr : found->second;
}

std::vector<Type> infer_types(const OpDef& def, const Attributes& attributes, std::span<const Type> operands) {
  invariant(attributes.index() == def.attributes.index(), "an operation carries the attributes of its kind");
  if (def.arity >= 0 && operands.size() != static_cast<size_t>(def.arity))
    throw ValueError(fmt::format("{}: given {} argument{}, expected {}", def.name, operands.size(),
                                 operands.size() == 1 ? "" : "s", def.arity));
  return def.infer(def, attributes, operands);
}

}  // namespace sinter::ir
