// Operators, and pow.
#include <array>
#include <cmath>

#include "frontend/apply.h"
#include "frontend/functions.h"

namespace sinter {
namespace {

using detail::op_named;

Tensor binary(const ir::OpDef& def, std::string_view name, const Arg& a, const Arg& b) {
  const detail::CallScope location(a.at());
  return detail::apply_row(def, name, {a, b});
}

// One operation of bools, another of the bits of integers.
Tensor logic(const ir::OpDef& of_bools, const ir::OpDef& of_bits, const char* name, std::span<const Arg> operands) {
  const detail::CallScope location(operands[0].at());
  for (size_t i = 0; i < operands.size(); ++i) {
    const Arg& x = operands[i];
    if (x.is_tensor()) detail::require_defined(x.tensor(), name, static_cast<int>(i) + 1);
    if (const DType dtype = x.is_tensor() ? x.tensor().dtype() : x.kind(); is_float(dtype))
      throw DTypeError(fmt::format("{}: argument {} has element type {}, expected bool or integers", name, i + 1,
                                   torch_name(x.is_tensor() ? dtype : kFloat32)),
                       "compare it with something, as in x != 0");
  }
  return detail::apply_row(detail::result_type(operands) == kBool ? of_bools : of_bits, name, operands);
}

Tensor& rebind(Tensor& a, Tensor value, const char* name) {
  if (a.is_cell())
    throw GraphError(fmt::format("{}: the left side is a cell, which an assignment to the handle would lose", name),
                     "write it with x.set(x + y), under no_grad if it requires a gradient");
  return a = std::move(value);
}

// x to a power that needs no logarithm; undefined for any other.
Tensor exact_power(const Tensor& x, double exponent, At at) {
  if (exponent == 0) return detail::broadcast_to(detail::number_beside(x, 1, x.dtype()), x.shape(), "pow");
  if (exponent == 1) return x.clone(at);
  if (exponent == 2) return x * x;
  if (exponent == 3) return x * x * x;
  if (!is_float(x.dtype())) return {};
  if (exponent == 0.5) return sqrt(x, at);
  if (exponent == -0.5) return rsqrt(x, at);
  if (exponent == -1) return 1 / x;
  if (exponent == -2) return 1 / (x * x);
  return {};
}

}  // namespace

Tensor operator+(const Arg& a, const Arg& b) {
  static const ir::OpDef& def = op_named("add");
  return binary(def, "add", a, b);
}
Tensor operator-(const Arg& a, const Arg& b) {
  static const ir::OpDef& def = op_named("sub");
  return binary(def, "sub", a, b);
}
Tensor operator*(const Arg& a, const Arg& b) {
  static const ir::OpDef& def = op_named("mul");
  return binary(def, "mul", a, b);
}
Tensor operator/(const Arg& a, const Arg& b) {
  static const ir::OpDef& def = op_named("div");
  return binary(def, "div", a, b);
}
Tensor operator-(const Arg& x) {
  static const ir::OpDef& def = op_named("neg");
  const detail::CallScope location(x.at());
  return detail::apply_row(def, "neg", {x});
}
Tensor operator==(const Arg& a, const Arg& b) {
  static const ir::OpDef& def = op_named("eq");
  return binary(def, "eq", a, b);
}
Tensor operator!=(const Arg& a, const Arg& b) {
  static const ir::OpDef& def = op_named("ne");
  return binary(def, "ne", a, b);
}
Tensor operator<(const Arg& a, const Arg& b) {
  static const ir::OpDef& def = op_named("lt");
  return binary(def, "lt", a, b);
}
Tensor operator<=(const Arg& a, const Arg& b) {
  static const ir::OpDef& def = op_named("le");
  return binary(def, "le", a, b);
}
Tensor operator>(const Arg& a, const Arg& b) {
  static const ir::OpDef& def = op_named("gt");
  return binary(def, "gt", a, b);
}
Tensor operator>=(const Arg& a, const Arg& b) {
  static const ir::OpDef& def = op_named("ge");
  return binary(def, "ge", a, b);
}
Tensor operator!(const Tensor& x) {  // an Arg, which knows the line, would compete with the conversion to bool
  static const ir::OpDef& def = op_named("logical_not");
  return detail::apply_row(def, "logical_not", {x});
}
Tensor operator&(const Arg& a, const Arg& b) {
  static const ir::OpDef &of_bools = op_named("logical_and"), &of_bits = op_named("bit_and");
  return logic(of_bools, of_bits, "operator&", std::array{a, b});
}
Tensor operator|(const Arg& a, const Arg& b) {
  static const ir::OpDef &of_bools = op_named("logical_or"), &of_bits = op_named("bit_or");
  return logic(of_bools, of_bits, "operator|", std::array{a, b});
}
Tensor operator^(const Arg& a, const Arg& b) {
  static const ir::OpDef &of_bools = op_named("logical_xor"), &of_bits = op_named("bit_xor");
  return logic(of_bools, of_bits, "operator^", std::array{a, b});
}
Tensor operator~(const Arg& x) {
  static const ir::OpDef &of_bools = op_named("logical_not"), &of_bits = op_named("bit_not");
  return logic(of_bools, of_bits, "operator~", std::array{x});
}
Tensor operator<<(const Arg& a, const Arg& b) {
  static const ir::OpDef& def = op_named("shl");
  return binary(def, "operator<<", a, b);
}
Tensor operator>>(const Arg& a, const Arg& b) {
  static const ir::OpDef& def = op_named("shr_signed");
  return binary(def, "operator>>", a, b);
}

Tensor& operator+=(Tensor& a, const Arg& b) {
  const detail::CallScope location(b.at());
  return rebind(a, a + b, "operator+=");
}
Tensor& operator-=(Tensor& a, const Arg& b) {
  const detail::CallScope location(b.at());
  return rebind(a, a - b, "operator-=");
}
Tensor& operator*=(Tensor& a, const Arg& b) {
  const detail::CallScope location(b.at());
  return rebind(a, a * b, "operator*=");
}
Tensor& operator/=(Tensor& a, const Arg& b) {
  const detail::CallScope location(b.at());
  return rebind(a, a / b, "operator/=");
}

Tensor pow(const Tensor& x, const Arg& exponent, At at) {
  const detail::CallScope location(at);
  detail::require_defined(x, "pow", 1);
  static const ir::OpDef& def = op_named("pow");
  if (!exponent.is_tensor()) {
    const bool whole = exponent.kind() != kFloat64;
    const Tensor base = is_float(x.dtype()) ? x : detail::converted(x, whole ? kInt64 : kFloat32);
    const detail::Scope scope("pow");
    if (Tensor exact = exact_power(base, exponent.real(), at); exact.defined())
      return detail::named(exact, "PowBackward0");
    if (!is_float(base.dtype()) && exponent.integer() > 0) {  // integers: by squaring
      Tensor result, square = base;
      for (int64_t left = exponent.integer(); left > 0; left /= 2) {
        if (left % 2 == 1) result = result.defined() ? result * square : square;
        if (left > 1) square = square * square;
      }
      return result;
    }
    if (!is_float(base.dtype()))
      throw ValueError(fmt::format("pow: argument 2 is {}, expected 0 or more for integers", exponent.integer()),
                       "convert the base with .to(kFloat32)");
  }
  return detail::apply_row(def, "pow", {x, exponent});
}

}  // namespace sinter
