#include "frontend/derivative_needs.h"

#include <unordered_map>

#include "frontend/lazy_builder.h"
#include "frontend/thread_value.h"

namespace sinter::detail {

uint32_t derivative_needs(const ir::OpDef& def, const ir::Attributes& attributes, size_t operands, uint32_t flows,
                          const std::function<ir::Type(size_t)>& type_of) {
  struct Key {
    const ir::OpDef* def;
    uint32_t flows;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    size_t operator()(const Key& key) const { return std::hash<const void*>()(key.def) * 31 + key.flows; }
  };
  if (operands > kMostTrackedOperands) return ~0u;
  auto& known = thread_value<std::unordered_map<Key, uint32_t, Hash>, Key>();
  const Key key{&def, flows};
  if (const auto found = known.find(key); found != known.end()) return found->second;

  LazyBuilder builder{Device()};
  const auto import = [&](const ir::Type& type) { return builder.import({}, type.dtype, Sizes(type.shape)); };
  std::vector<ir::Value> values;
  for (size_t i = 0; i < operands; ++i) values.push_back(import(type_of(i)));
  const ir::Value made = import(type_of(operands));
  const std::optional<ir::Value> cotangent = import(type_of(operands));
  const ir::MaybeValues gradients =
      def.vjp(builder, def, attributes, values, std::span(&made, 1), std::span(&cotangent, 1));
  std::vector<ir::Value> wanted;
  for (size_t i = 0; i < gradients.size(); ++i)
    if (gradients[i] && (flows >> i & 1) != 0) wanted.push_back(*gradients[i]);
  uint32_t needed = builder.depends(wanted, made) ? kNeedsResult : 0;
  for (size_t i = 0; i < operands; ++i)
    if (builder.depends(wanted, values[i])) needed |= 1u << i;
  return known[key] = needed;
}

}  // namespace sinter::detail
