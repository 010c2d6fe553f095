// rng_bits: i64 array of independent uniform integers in [0, 2^32), a pure function of key and position: Philox4x32-10.
// The operand is i64[2] = (seed, stream); elements are counted row-major.
#include "ir/graph/ops/check.h"
#include "ir/scalar/philox.h"

namespace sinter::ir::ops {
namespace {

std::vector<Type> infer(const OpDef& def, const Attributes& attributes, std::span<const Type> operands) {
  expect_dtype(def, 1, operands[0], def.dtypes);
  if (operands[0].shape != Shape{2})
    throw ShapeError(
        fmt::format("{}: argument 1 has type {}, expected i64[2], seed and stream", def.name, to_string(operands[0])));
  return {checked(def, "the result", {kInt64, as<ShapeAttributes>(attributes).shape})};
}

void evaluate(const OpDef&, const Attributes&, Arithmetic, std::span<const Literal* const> operands,
              std::span<Literal> results) {
  const int64_t seed = operands[0]->view<int64_t>()[0], stream = operands[0]->view<int64_t>()[1];
  int64_t at = 0;
  for (int64_t& element : results[0].view<int64_t>()) element = philox_bits(seed, stream, at++);
}

}  // namespace

const OpDef kRngBits{.name = "rng_bits",
                     .doc = "uniform integers in [0, 2^32) by Philox4x32-10, keyed by i64[2] = (seed, stream)",
                     .op_class = OpClass::kIndexed,
                     .arity = 1,
                     .dtypes = kIntegers,
                     .attributes = ShapeAttributes{},
                     .infer = infer,
                     .evaluate = evaluate,
                     .vjp = nullptr};

}  // namespace sinter::ir::ops
