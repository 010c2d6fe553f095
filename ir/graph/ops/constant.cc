// constant: an array written in the graph. Its shape is static.
#include "ir/graph/ops/check.h"
#include "ir/graph/reference.h"

namespace sinter::ir::ops {
namespace {

std::vector<Type> infer(const OpDef& def, const Attributes& attributes, std::span<const Type>) {
  const Literal* value = as<ConstantAttributes>(attributes).value.get();
  invariant(value != nullptr, "a constant has a value");
  Type type = checked(def, "the value", value->type);
  if (!type.shape.is_static())
    throw ShapeError(fmt::format("{}: the value has type {}, expected constant dimensions", def.name, to_string(type)));
  if (value->bytes.size() != static_cast<size_t>(type.shape.numel()) * size_of(type.dtype))
    throw ShapeError(fmt::format("{}: the value has {} bytes, expected {} for {}", def.name, value->bytes.size(),
                                 static_cast<size_t>(type.shape.numel()) * size_of(type.dtype), to_string(type)));
  return {std::move(type)};
}

void evaluate(const OpDef&, const Attributes& attributes, Arithmetic arithmetic, std::span<const Literal* const>,
              std::span<Literal> results) {
  const Literal& value = *as<ConstantAttributes>(attributes).value;
  results[0] = arithmetic == Arithmetic::kOracle ? to_oracle(value) : value;
}

}  // namespace

const OpDef kConstant{.name = "constant",
                      .doc = "an array written in the graph",
                      .op_class = OpClass::kConstant,
                      .arity = 0,
                      .attributes = ConstantAttributes{},
                      .infer = infer,
                      .evaluate = evaluate,
                      .vjp = nullptr};

}  // namespace sinter::ir::ops
