#include "codegen/cuda/prims.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "codegen/cuda/helpers.h"
#include "codegen/cuda/writer.h"

namespace sinter::codegen::cuda {
namespace {

using ir::Prim;

template <class T>
std::string float_literal(T value, uint64_t bits) {
  constexpr bool kSingle = sizeof(T) == 4;
  if (!std::isfinite(value))
    return kSingle ? fmt::format("__int_as_float(0x{:08x})", bits)
                   : fmt::format("__longlong_as_double(0x{:016x})", bits);
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  if (kSingle) text += 'f';
  return std::signbit(value) ? "(" + text + ")" : text;
}

std::string binary(std::string_view op, std::span<const std::string> x) {
  return fmt::format("{} {} {}", x[0], op, x[1]);
}

// An integer helper: add_i64(a, b).
std::string integer_call(Helpers& helpers, std::string_view what, DType dtype, std::span<const std::string> x) {
  return fmt::format("{}({})", integer_helper(helpers, what, dtype), fmt::join(x, ", "));
}

std::string arithmetic(const Spelling& spelling, Prim prim, DType dtype, std::span<const std::string> x) {
  if (!is_float(dtype)) {
    const std::string_view what = prim == Prim::kAdd ? "add" : prim == Prim::kSub ? "sub" : "mul";
    return integer_call(spelling.helpers, what, dtype, x);
  }
  const std::string_view op = prim == Prim::kAdd ? "+" : prim == Prim::kSub ? "-" : prim == Prim::kMul ? "*" : "/";
  if (dtype == kFloat64 && spelling.flush && (prim == Prim::kMul || prim == Prim::kDiv))
    return fmt::format("{}({})", flushed_helper(spelling.helpers, prim), fmt::join(x, ", "));
  return spelling.loaded(dtype, binary(op, x));
}

std::string bitwise(Prim prim, DType dtype, std::span<const std::string> x) {
  const bool bools = dtype == kBool;
  switch (prim) {
    case Prim::kAnd:
      return binary(bools ? "&&" : "&", x);
    case Prim::kOr:
      return binary(bools ? "||" : "|", x);
    case Prim::kXor:
      return binary(bools ? "!=" : "^", x);
    default:
      return (bools ? "!" : "~") + x[0];
  }
}

std::string convert(Helpers& helpers, DType from, DType to, const std::string& x) {
  if (from == to) return x;
  if (to == kBool) return fmt::format("{} != {}", x, is_float(from) ? literal(from, 0) : "0");
  if (is_float(from) && !is_float(to)) return fmt::format("{}({})", to_integer_helper(helpers, from, to), x);
  return fmt::format("({}){}", type_name(to), x);
}

std::string bitcast(DType from, DType to, const std::string& x) {
  if (from == to) return x;
  const std::string_view function = from == kFloat32   ? "__float_as_int"
                                    : from == kFloat64 ? "__double_as_longlong"
                                    : to == kFloat32   ? "__int_as_float"
                                                       : "__longlong_as_double";
  return fmt::format("{}({})", function, x);
}

bool is_leaf(const ir::ExprNode& node) { return node.prim == Prim::kConstant || node.prim == Prim::kArgument; }

// The row's code as a function of its own.
std::string row_function(const Spelling& spelling, const ir::Row& row, DType dtype) {
  std::string function = fmt::format("{}_{}", row.name, name(dtype));
  if (spelling.helpers.has(function)) return function;
  const ir::ExprGraph& graph = ir::expression(row, dtype);
  std::vector<std::string> names, parameters(static_cast<size_t>(row.arity));
  for (size_t i = 0; i < parameters.size(); ++i) parameters[i] = fmt::format("{} x{}", type_name(dtype), i);
  Writer body;
  for (const ir::ExprNode& node : graph.nodes()) {
    if (node.prim == Prim::kConstant) {
      names.push_back(literal(node.dtype, node.payload));
      continue;
    }
    if (node.prim == Prim::kArgument) {
      names.push_back(fmt::format("x{}", node.payload));
      parameters[node.payload] = fmt::format("{} x{}", type_name(node.dtype), node.payload);
      continue;
    }
    std::vector<std::string> x;
    for (int i = 0; i < ir::facts(node.prim).arity; ++i) x.push_back(names[node.operands[static_cast<size_t>(i)]]);
    const std::string code = spelling.prim(node.prim, node.dtype, graph[node.operands[0]].dtype, x);
    names.push_back(fmt::format("t{}", names.size()));
    body.line("  const {} {} = {};", type_name(node.dtype), names.back(), code);
  }
  const uint32_t root = graph.roots()[0];
  spelling.helpers.add(function, fmt::format("__device__ __forceinline__ {} {}({}) {{\n{}  return {};\n}}\n",
                                             type_name(graph[root].dtype), function, fmt::join(parameters, ", "),
                                             body.text(), names[root]));
  return function;
}

}  // namespace

void Helpers::add(const std::string& name, const std::string& text) {
  if (!has(name)) texts_.emplace_back(name, text);
}

bool Helpers::has(const std::string& name) const {
  return std::any_of(texts_.begin(), texts_.end(), [&](const auto& helper) { return helper.first == name; });
}

std::string_view type_name(DType dtype) {
  switch (dtype) {
    case kBool:
      return "bool";
    case kInt32:
      return "int";
    case kInt64:
      return "long long";
    case kFloat32:
      return "float";
    case kFloat64:
      break;
  }
  return "double";
}

std::string literal(DType dtype, uint64_t bits) {
  switch (dtype) {
    case kBool:
      return bits != 0 ? "true" : "false";
    case kInt32: {
      const auto value = static_cast<int32_t>(bits);
      if (value == INT32_MIN) return "(-2147483647 - 1)";
      return value < 0 ? fmt::format("({})", value) : fmt::format("{}", value);
    }
    case kInt64: {
      const auto value = static_cast<int64_t>(bits);
      if (value == INT64_MIN) return "(-9223372036854775807ll - 1)";
      return value < 0 ? fmt::format("({}ll)", value) : fmt::format("{}ll", value);
    }
    case kFloat32: {
      float value = 0;
      std::memcpy(&value, &bits, sizeof value);
      return float_literal(value, bits & 0xFFFFFFFF);
    }
    case kFloat64:
      break;
  }
  double value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return float_literal(value, bits);
}

std::string Spelling::loaded(DType dtype, const std::string& x) const {
  if (dtype != kFloat64 || !flush) return x;
  return fmt::format("{}({})", flush_helper(helpers), x);
}

std::string Spelling::prim(Prim prim, DType result, DType operand, std::span<const std::string> x) const {
  const bool floats = is_float(operand), single = operand == kFloat32;
  const auto call = [&](std::string_view f32, std::string_view f64) {
    return fmt::format("{}({})", single ? f32 : f64, fmt::join(x, ", "));
  };
  switch (prim) {
    case Prim::kConstant:
    case Prim::kArgument:
      break;
    case Prim::kAdd:
    case Prim::kSub:
    case Prim::kMul:
    case Prim::kDiv:
      return arithmetic(*this, prim, operand, x);
    case Prim::kFma:
      if (!single && flush) return fmt::format("{}({})", flushed_helper(helpers, prim), fmt::join(x, ", "));
      return call("__fmaf_rn", "__fma_rn");
    case Prim::kNeg:
      return floats ? "-" + x[0] : integer_call(helpers, "neg", operand, x);
    case Prim::kAbs:
      return floats ? call("fabsf", "fabs") : integer_call(helpers, "abs", operand, x);
    case Prim::kSqrt:
      return call("__fsqrt_rn", "__dsqrt_rn");
    case Prim::kFloor:
      return call("floorf", "floor");
    case Prim::kCeil:
      return call("ceilf", "ceil");
    case Prim::kRint:
      return call("rintf", "rint");
    case Prim::kIDiv:
      return integer_call(helpers, "div", operand, x);
    case Prim::kIRem:
      return integer_call(helpers, "rem", operand, x);
    case Prim::kMulHiU:
      return integer_call(helpers, "mul_high", operand, x);
    case Prim::kEq:
      return binary("==", x);
    case Prim::kNe:
      return binary("!=", x);
    case Prim::kLt:
      return binary("<", x);
    case Prim::kLe:
      return binary("<=", x);
    case Prim::kAnd:
    case Prim::kOr:
    case Prim::kXor:
    case Prim::kNot:
      return bitwise(prim, operand, x);
    case Prim::kShl:
      return integer_call(helpers, "shift_left", operand, x);
    case Prim::kShrL:
      return integer_call(helpers, "shift_right", operand, x);
    case Prim::kShrA:
      return integer_call(helpers, "shift_right_signed", operand, x);
    case Prim::kSelect:
      return fmt::format("{} ? {} : {}", x[0], x[1], x[2]);
    case Prim::kConvert:
      return convert(helpers, operand, result, x[0]);
    case Prim::kBitcast:
      return loaded(result, bitcast(operand, result, x[0]));
  }
  throw InternalError("a primitive with operands is spelled");
}

std::string Spelling::row(const ir::Row& row, DType operand, std::span<const std::string> x) const {
  const ir::ExprGraph& graph = ir::expression(row, operand);
  const auto inner =
      std::count_if(graph.nodes().begin(), graph.nodes().end(), [](const auto& n) { return !is_leaf(n); });
  if (inner > 1) return fmt::format("{}({})", row_function(*this, row, operand), fmt::join(x, ", "));
  const auto leaf = [&](uint32_t id) {
    const ir::ExprNode& node = graph[id];
    return node.prim == Prim::kConstant ? literal(node.dtype, node.payload) : x[node.payload];
  };
  const ir::ExprNode& root = graph[graph.roots()[0]];
  if (is_leaf(root)) return leaf(graph.roots()[0]);
  std::vector<std::string> operands;
  for (int i = 0; i < ir::facts(root.prim).arity; ++i) operands.push_back(leaf(root.operands[static_cast<size_t>(i)]));
  return prim(root.prim, root.dtype, graph[root.operands[0]].dtype, operands);
}

std::string Spelling::join(const ir::Combiner& combiner, DType dtype, const std::string& x,
                           const std::string& y) const {
  const std::string operands[] = {x, y};
  return row(ir::find_row(combiner.row), dtype, operands);
}

std::string identity(const ir::Combiner& combiner, DType dtype) {
  return visit_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    const T value = is_float(dtype) ? static_cast<T>(combiner.identity_double) : static_cast<T>(combiner.identity_int);
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    return literal(dtype, bits);
  });
}

}  // namespace sinter::codegen::cuda
