// Rules over elementwise operations that are more than a pattern.
#include <cmath>

#include "passes/simplify_rules.h"

namespace sinter::passes {
namespace {

using ir::Value;

// Idempotent rows: f(f(x)) is f(x), and f(x, x) is x.
std::optional<Value> idempotent(const Subject& s) {
  if (s.def.row == nullptr || (s.def.row->traits & ir::kIdempotent) == 0) return std::nullopt;
  if (s.operands.size() == 1)
    return s.graph.op(s.operands[0]).def == &s.def ? std::optional(s.operands[0]) : std::nullopt;
  return s.operands.size() == 2 && s.operands[0] == s.operands[1] ? std::optional(s.operands[0]) : std::nullopt;
}

// x / 2^k is x * 2^-k: both round the same exact number, and flush the same results to zero.
std::optional<Value> divide_by_power_of_two(const Subject& s) {
  if (s.def.name != "div") return std::nullopt;
  const ir::Literal* splat = splat_of(s.graph, s.operands[1]);
  if (splat == nullptr) return std::nullopt;
  const double divisor =
      visit_dtype(s.type.dtype, [&](auto zero) { return static_cast<double>(splat->view<decltype(zero)>()[0]); });
  int exponent = 0;
  if (std::abs(std::frexp(divisor, &exponent)) != 0.5 || std::abs(exponent) > 120)
    return std::nullopt;  // 2^-k is normal, also in f32
  return ir::elementwise(s.builder, "mul", {s.operands[0], ir::full(s.builder, 1 / divisor, s.type)});
}

constexpr Rule kRules[] = {
    {"idempotent", idempotent},
    {"divide by a power of two", divide_by_power_of_two},
};

}  // namespace

std::span<const Rule> scalar_rules() { return kRules; }

}  // namespace sinter::passes
