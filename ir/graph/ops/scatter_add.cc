// scatter_add: the first operand plus the third, each of whose elements is added where a gather with the second
// operand's indices would have read it (layout: gather_box.h). An element that receives several gets them one by one in
// row-major order of the updates.
#include <optional>

#include "ir/graph/ops/gather_box.h"
#include "support/float_mode.h"

namespace sinter::ir::ops {
namespace {

std::vector<Type> infer(const OpDef& def, const Attributes& attributes, std::span<const Type> operands) {
  expect_dtype(def, 1, operands[0], def.dtypes);
  const Type updates = gathered_type(def, as<GatherAttributes>(attributes), operands[0], operands[1]);
  expect_dtype_of(def, 3, operands[2], 1, operands[0]);
  if (operands[2].shape != updates.shape)
    throw ShapeError(fmt::format("{}: argument 3 has type {}, expected shape {}, what a gather of {} by {} gives",
                                 def.name, to_string(operands[2]), to_string(updates.shape), to_string(operands[0]),
                                 to_string(operands[1])));
  return {operands[0]};
}

void evaluate(const OpDef& def, const Attributes& attributes, Arithmetic arithmetic,
              std::span<const Literal* const> operands, std::span<Literal> results) {
  const Literal &base = *operands[0], &updates = *operands[2];
  copy_bytes(base, results[0]);
  const std::vector<size_t> offsets =
      gathered_offsets(def, as<GatherAttributes>(attributes), base.type, *operands[1], updates.type.shape);
  std::optional<FloatModeScope> as_compiled;
  if (arithmetic == Arithmetic::kTyped) as_compiled.emplace();
  visit_dtype(base.type.dtype, [&](auto zero) {
    using T = decltype(zero);
    using Sum = std::conditional_t<std::is_integral_v<T>, uint64_t, T>;  // integers wrap
    for (size_t i = 0; i < offsets.size(); ++i) {
      T& element = results[0].view<T>()[offsets[i]];
      element = static_cast<T>(static_cast<Sum>(element) + static_cast<Sum>(updates.view<T>()[i]));
    }
  });
}

MaybeValues vjp(Builder& b, const OpDef&, const Attributes& attributes, std::span<const Value> operands,
                std::span<const Value>, std::span<const std::optional<Value>> cotangents) {
  if (!cotangents[0] || !is_float(b.type(operands[0]).dtype)) return {std::nullopt, std::nullopt, std::nullopt};
  const auto [axis, batch] = as<GatherAttributes>(attributes);
  return {cotangents[0], std::nullopt, gather(b, *cotangents[0], operands[1], axis, batch)};
}

}  // namespace

const OpDef kScatterAdd{.name = "scatter_add",
                        .doc = "the first operand plus updates at the positions that a gather would have read",
                        .op_class = OpClass::kScatter,
                        .arity = 3,
                        .dtypes = kNumbers,
                        .attributes = GatherAttributes{},
                        .infer = infer,
                        .evaluate = evaluate,
                        .vjp = vjp};

}  // namespace sinter::ir::ops
