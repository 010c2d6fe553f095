// Operations on constants, computed at once by the typed reference: the bits that compiled code would have made.
#include <algorithm>

#include "passes/simplify_rules.h"
#include "support/float_mode.h"

namespace sinter::passes {
namespace {

using ir::Literal;
using ir::Value;

constexpr size_t kMaxBytes = 4096;  // of operands and results; larger ones would only move work into the constants

bool is_small(const ir::Type& type) {
  return type.shape.is_static() && static_cast<size_t>(type.shape.numel()) <= kMaxBytes / size_of(type.dtype);
}

Literal filled(const Literal& element, const ir::Type& type) {
  Literal literal = Literal::zeros(type);
  for (size_t i = 0; i < literal.bytes.size(); ++i) literal.bytes[i] = element.bytes[i % element.bytes.size()];
  return literal;
}

Literal compute(const Subject& s, std::span<const Literal> operands, const ir::Type& type) {
  std::vector<const Literal*> pointers;
  for (const Literal& operand : operands) pointers.push_back(&operand);
  std::vector<Literal> results{Literal::zeros(type)};
  const FloatModeScope as_compiled;
  s.def.evaluate(s.def, s.attributes, ir::Arithmetic::kTyped, pointers, results);
  return std::move(results[0]);
}

// Of constants with one element each, broadcast or not: one element is computed, and broadcast.
std::optional<Value> fold_splats(const Subject& s) {
  if (s.def.op_class != ir::OpClass::kElementwise) return std::nullopt;
  std::vector<Literal> operands;
  for (Value operand : s.operands) {
    const Literal* splat = splat_of(s.graph, operand);
    if (splat == nullptr) return std::nullopt;
    operands.push_back(filled(*splat, {splat->type.dtype, {}}));
  }
  const Value scalar = ir::constant(s.builder, compute(s, operands, {s.type.dtype, {}}));
  return s.type.shape.rank() == 0 ? scalar : ir::broadcast(s.builder, scalar, s.type.shape, {});
}

std::optional<Value> fold_small(const Subject& s) {
  const bool foldable = s.def.op_class == ir::OpClass::kElementwise || s.def.op_class == ir::OpClass::kView ||
                        s.def.op_class == ir::OpClass::kReduction || s.def.op_class == ir::OpClass::kDot;
  if (!foldable || &s.def == &ir::ops::kBroadcast || !is_small(s.type)) return std::nullopt;
  std::vector<Literal> operands;
  for (Value operand : s.operands) {
    const ir::Type& type = s.graph.type(operand);
    if (!is_small(type)) return std::nullopt;
    if (const auto* constant = std::get_if<ir::ConstantAttributes>(&s.graph.op(operand).attributes))
      operands.push_back(*constant->value);
    else if (const Literal* splat = splat_of(s.graph, operand))
      operands.push_back(filled(*splat, type));
    else
      return std::nullopt;
  }
  return ir::constant(s.builder, compute(s, operands, s.type));
}

// A constant of equal elements is a broadcast scalar: the one form that rules look for.
std::optional<Value> split_splat(const Subject& s) {
  const auto* constant = std::get_if<ir::ConstantAttributes>(&s.attributes);
  if (constant == nullptr || s.type.shape.rank() == 0 || constant->value->bytes.empty()) return std::nullopt;
  const std::vector<std::byte>& bytes = constant->value->bytes;
  const auto size = static_cast<ptrdiff_t>(size_of(s.type.dtype));
  if (!std::equal(bytes.begin() + size, bytes.end(), bytes.begin())) return std::nullopt;
  Literal element = Literal::zeros({s.type.dtype, {}});
  std::copy(bytes.begin(), bytes.begin() + size, element.bytes.begin());
  return ir::broadcast(s.builder, ir::constant(s.builder, std::move(element)), s.type.shape, {});
}

constexpr Rule kRules[] = {
    {"fold constants of one element", fold_splats},
    {"fold small constants", fold_small},
    {"split constants of equal elements", split_splat},
};

}  // namespace

std::span<const Rule> fold_rules() { return kRules; }

const Literal* splat_of(const ir::Graph& graph, Value value) {
  while (graph.op(value).def == &ir::ops::kBroadcast) value = graph.op(value).operands[0];
  const auto* constant = std::get_if<ir::ConstantAttributes>(&graph.op(value).attributes);
  if (constant == nullptr || constant->value->bytes.size() != size_of(constant->value->type.dtype)) return nullptr;
  return constant->value.get();
}

}  // namespace sinter::passes
