// reshape: the same elements, row-major, under another shape of as many elements. With symbolic dimensions: the same
// symbols on both sides, and constants of equal product.
#include <algorithm>

#include "ir/graph/ops/check.h"

namespace sinter::ir::ops {
namespace {

struct Count {
  std::vector<int> symbols;  // sorted
  int64_t constant = 1;
  bool operator==(const Count&) const = default;
};

Count count(const Shape& shape) {
  Count made;
  for (Dim dim : shape)
    if (dim.is_symbol())
      made.symbols.push_back(dim.symbol_id());
    else
      made.constant *= dim.value();  // fits: checked() counts the bytes
  std::sort(made.symbols.begin(), made.symbols.end());
  return made;
}

std::vector<Type> infer(const OpDef& def, const Attributes& attributes, std::span<const Type> operands) {
  const Shape& shape = as<ShapeAttributes>(attributes).shape;
  Type result = checked(def, "the result", {operands[0].dtype, shape});
  const bool fits = operands[0].shape.is_static() && shape.is_static() ? operands[0].shape.numel() == shape.numel()
                                                                       : count(operands[0].shape) == count(shape);
  if (!fits)
    throw ShapeError(fmt::format("{}: argument 1 has type {}, expected as many elements as {} has", def.name,
                                 to_string(operands[0]), to_string(shape)));
  return {std::move(result)};
}

void evaluate(const OpDef&, const Attributes&, Arithmetic, std::span<const Literal* const> operands,
              std::span<Literal> results) {
  copy_bytes(*operands[0], results[0]);
}

MaybeValues vjp(Builder& b, const OpDef&, const Attributes&, std::span<const Value> operands, std::span<const Value>,
                std::span<const std::optional<Value>> cotangents) {
  if (!cotangents[0]) return {std::nullopt};
  return {reshape(b, *cotangents[0], Shape(b.type(operands[0]).shape))};
}

}  // namespace

const OpDef kReshape{.name = "reshape",
                     .doc = "the same elements, row-major, under another shape",
                     .op_class = OpClass::kView,
                     .arity = 1,
                     .dtypes = kAnything,
                     .attributes = ShapeAttributes{},
                     .infer = infer,
                     .evaluate = evaluate,
                     .vjp = vjp};

}  // namespace sinter::ir::ops
