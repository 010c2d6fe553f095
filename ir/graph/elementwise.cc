// What every elementwise operation does, read from its row: shape rule, both evaluations, derivative.
#include "ir/graph/generic_ops.h"
#include "ir/graph/ops/check.h"
#include "ir/scalar/evaluate.h"

namespace sinter::ir {
namespace {

std::vector<Type> infer(const OpDef& def, const Attributes&, std::span<const Type> operands) {
  const Row& row = *def.row;
  const int first = row.signature == Signature::kSelect ? 1 : 0;  // of the operands of type T
  if (first == 1) ops::expect_dtype(def, 1, operands[0], kBools);
  const Type& model = operands[static_cast<size_t>(first)];
  for (int i = 0; i < row.arity; ++i) {
    const Type& given = operands[static_cast<size_t>(i)];
    if (i >= first) ops::expect_dtype(def, i + 1, given, row.dtypes);
    if (i > first) ops::expect_dtype_of(def, i + 1, given, first + 1, model);
    if (i > 0) ops::expect_shape_of(def, i + 1, given, 1, operands[0]);
  }
  switch (row.signature) {
    case Signature::kPredicate:
      return {{kBool, model.shape}};
    case Signature::kConvert:
      return {{row.to, model.shape}};
    default:
      return {model};
  }
}

// Elements as the row's functions take them: floats as double, i64 and bool as int64_t.
struct Reader {
  const Literal& literal;
  [[nodiscard]] double as_double(size_t i) const {
    switch (literal.type.dtype) {
      case kBool:
        return literal.view<bool>()[i] ? 1 : 0;
      case kInt64:
        return static_cast<double>(literal.view<int64_t>()[i]);
      default:
        return literal.view<double>()[i];
    }
  }
  [[nodiscard]] int64_t as_int(size_t i) const {
    return literal.type.dtype == kBool ? int64_t{literal.view<bool>()[i]} : literal.view<int64_t>()[i];
  }
};

void store(Literal& to, size_t i, double value) {
  switch (to.type.dtype) {
    case kBool:
      to.view<bool>()[i] = value != 0;
      break;
    case kInt64:
      to.view<int64_t>()[i] = host::saturate(value);
      break;
    default:
      to.view<double>()[i] = value;
  }
}

void store(Literal& to, size_t i, int64_t value) {
  switch (to.type.dtype) {
    case kBool:
      to.view<bool>()[i] = value != 0;
      break;
    case kInt64:
      to.view<int64_t>()[i] = value;
      break;
    default:
      to.view<double>()[i] = static_cast<double>(value);
  }
}

void evaluate_oracle(const Row& row, std::span<const Literal* const> operands, Literal& result) {
  const bool on_floats = is_float(operands.back()->type.dtype);  // the last operand is always of type T
  const auto count = static_cast<size_t>(result.type.shape.numel());
  for (size_t i = 0; i < count; ++i) {
    if (on_floats) {
      std::array<double, 3> x{};
      for (size_t k = 0; k < operands.size(); ++k) x[k] = Reader{*operands[k]}.as_double(i);
      store(result, i, row.on_double(x.data()));
    } else {
      std::array<int64_t, 3> x{};
      for (size_t k = 0; k < operands.size(); ++k) x[k] = Reader{*operands[k]}.as_int(i);
      store(result, i, row.on_int(x.data()));
    }
  }
}

void evaluate_typed(const Row& row, std::span<const Literal* const> operands, Literal& result) {
  std::array<const std::byte*, 3> arguments{};
  for (size_t k = 0; k < operands.size(); ++k) arguments[k] = operands[k]->bytes.data();
  constexpr std::array<int, 3> kStrides{1, 1, 1};
  std::byte* to = result.bytes.data();
  evaluate(expression(row, operands.back()->type.dtype), static_cast<size_t>(result.type.shape.numel()),
           std::span(arguments).first(operands.size()), std::span(kStrides).first(operands.size()), std::span(&to, 1));
}

void evaluate_row(const OpDef& def, const Attributes&, Arithmetic arithmetic, std::span<const Literal* const> operands,
                  std::span<Literal> results) {
  if (arithmetic == Arithmetic::kOracle)
    evaluate_oracle(*def.row, operands, results[0]);
  else
    evaluate_typed(*def.row, operands, results[0]);
}

MaybeValues vjp(Builder& b, const OpDef& def, const Attributes&, std::span<const Value> operands,
                std::span<const Value> results, std::span<const std::optional<Value>> cotangents) {
  MaybeValues flows(operands.size());
  // Nothing flows into integers and bool; what T is, the last operand says.
  if (!cotangents[0] || !is_float(b.type(operands.back()).dtype)) return flows;
  std::array<Node, 3> x;
  for (size_t k = 0; k < operands.size(); ++k) x[k] = {&b, operands[k]};
  const Flow made = def.row->flow({&b, *cotangents[0]}, {&b, results[0]}, x.data());
  invariant(made.size() == operands.size(), "a flow rule gives one entry an operand");
  for (size_t k = 0; k < operands.size(); ++k)
    if (made[k]) flows[k] = made[k]->value;
  return flows;
}

}  // namespace

OpDef elementwise_op(const Row& row) {
  return {.name = row.name,
          .doc = row.doc,
          .op_class = OpClass::kElementwise,
          .arity = row.arity,
          .dtypes = row.dtypes,
          .attributes = NoAttributes{},
          .row = &row,
          .infer = infer,
          .evaluate = evaluate_row,
          .vjp = row.flow ? vjp : nullptr};
}

}  // namespace sinter::ir
