// rng_bits: i64 array of independent uniform integers in [0, 2^32), a pure function of key and position: Philox4x32-10.
// The operand is i64[2] = (seed, stream). Element i, counted row-major, is word i mod 4 of the block whose counter is
// (i / 4 low, i / 4 high, stream low, stream high) and whose key is (seed low, seed high), low and high being 32-bit
// halves.
#include <array>

#include "ir/graph/ops/check.h"
#include "ir/graph/row.h"

namespace sinter::ir::ops {
namespace {

using Words = std::array<uint32_t, 4>;

uint32_t low(uint64_t x) { return static_cast<uint32_t>(x); }
uint32_t high(uint64_t x) { return static_cast<uint32_t>(x >> 32); }

Words philox(Words counter, uint32_t key0, uint32_t key1) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t first = uint64_t{0xD2511F53} * counter[0], second = uint64_t{0xCD9E8D57} * counter[2];
    counter = {high(second) ^ counter[1] ^ key0, low(second), high(first) ^ counter[3] ^ key1, low(first)};
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
  return counter;
}

std::vector<Type> infer(const OpDef& def, const Attributes& attributes, std::span<const Type> operands) {
  expect_dtype(def, 1, operands[0], kIntegers);
  if (operands[0].shape != Shape{2})
    throw ShapeError(
        fmt::format("{}: argument 1 has type {}, expected i64[2], seed and stream", def.name, to_string(operands[0])));
  return {checked(def, "the result", {kInt64, as<ShapeAttributes>(attributes).shape})};
}

void evaluate(const OpDef&, const Attributes&, Arithmetic, std::span<const Literal* const> operands,
              std::span<Literal> results) {
  const auto seed = static_cast<uint64_t>(operands[0]->view<int64_t>()[0]);
  const auto stream = static_cast<uint64_t>(operands[0]->view<int64_t>()[1]);
  uint64_t at = 0;
  Words words{};
  for (int64_t& element : results[0].view<int64_t>()) {
    if (at % 4 == 0) words = philox({low(at / 4), high(at / 4), low(stream), high(stream)}, low(seed), high(seed));
    element = words[at++ % 4];
  }
}

}  // namespace

const OpDef kRngBits{.name = "rng_bits",
                     .doc = "uniform integers in [0, 2^32) by Philox4x32-10, keyed by i64[2] = (seed, stream)",
                     .op_class = OpClass::kIndexed,
                     .arity = 1,
                     .attributes = ShapeAttributes{},
                     .infer = infer,
                     .evaluate = evaluate,
                     .vjp = nullptr};

}  // namespace sinter::ir::ops
