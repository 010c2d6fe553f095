// One elementwise operation = one row (rows.cc holds the table). A row is facts, one body and one flow rule. The body
// is a generic lambda: run on double it is the oracle, on host::Integer the exact value of i64 and bool, on Expr the
// code. The flow rule takes (cotangent, result, operands...) as Nodes and returns flow(cotangent of each operand).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "ir/graph/host_scalar.h"
#include "ir/graph/node.h"
#include "ir/scalar/expr.h"

namespace sinter::ir {

// How result and operand types relate. T is one of the row's dtypes, the same for all operands marked T.
enum class Signature : uint8_t {
  kSame,       // (T, ...) -> T
  kPredicate,  // (T, ...) -> bool
  kSelect,     // (bool, T, T) -> T
  kConvert,    // (T) -> the row's `to`
};

enum Traits : uint8_t {
  kNoTraits = 0,
  kCommutative = 1,
  kAssociative = 2,  // exactly, in every dtype of the row: floating addition is not
  kIdempotent = 4,   // f(f(x)) = f(x), with two operands f(x, x) = x
};

struct Domain {  // where tests draw operands of float type
  double low = -3, high = 3;
};

struct RowFacts {
  std::string_view name, doc;
  Signature signature = Signature::kSame;
  uint8_t traits = kNoTraits;
  std::array<Domain, 3> sample{};
  // Kinks: gradients are not compared to finite differences within this distance of 0 (of an operand or of the
  // operands' difference).
  double kink = 0;
  DType to = kFloat32;  // kConvert only
  double cost = 1;      // relative to an addition, for the fusion cost model: division 8, exp 15, ...
};

struct NoDerivative {};  // written out, never just absent

struct Row : RowFacts {
  int arity = 1;
  uint8_t dtypes = kFloats;  // DTypes that T may be
  // nullptr where the row has no such dtype. Operands and results of type bool travel as 0 and 1.
  double (*on_double)(const double* x) = nullptr;
  int64_t (*on_int)(const int64_t* x) = nullptr;
  Expr (*on_expr)(const Expr* x) = nullptr;
  Flow (*flow)(Node cotangent, Node result, const Node* x) = nullptr;  // nullptr: NoDerivative
};

namespace detail {
template <class F, class Result, class Wrap, class T, size_t... I>
Result call_body(const T* x, std::index_sequence<I...>) {
  return static_cast<Result>(F{}(Wrap(x[I])...));
}
template <class F, size_t... I>
Flow call_flow(Node cotangent, Node result, const Node* x, std::index_sequence<I...>) {
  return F{}(cotangent, result, x[I]...);
}
}  // namespace detail

// Makes a row of a body and a flow rule (or NoDerivative{}). The body is instantiated for the kinds in `dtypes` only.
template <int arity, uint8_t dtypes, class Body, class FlowRule>
[[nodiscard]] constexpr Row row(const RowFacts& facts, Body, FlowRule) {
  using Positions = std::make_index_sequence<arity>;
  Row made{facts};
  made.arity = arity;
  made.dtypes = dtypes;
  if constexpr ((dtypes & kFloats) != 0)
    made.on_double = [](const double* x) { return detail::call_body<Body, double, double>(x, Positions{}); };
  if constexpr ((dtypes & (kIntegers | kBools)) != 0)
    made.on_int = [](const int64_t* x) { return detail::call_body<Body, int64_t, host::Integer>(x, Positions{}); };
  made.on_expr = [](const Expr* x) { return detail::call_body<Body, Expr, Expr>(x, Positions{}); };
  if constexpr (!std::is_same_v<FlowRule, NoDerivative>)
    made.flow = [](Node ct, Node y, const Node* x) { return detail::call_flow<FlowRule>(ct, y, x, Positions{}); };
  return made;
}

// The table.
[[nodiscard]] std::span<const Row> rows();
// The row of that name; an internal error when there is none.
[[nodiscard]] const Row& find_row(std::string_view name);

// The row's code for operands of T = `operand_dtype` (the condition of kSelect is always bool): a graph with `arity`
// arguments and one root. Built once, kept under the address of the row, which lives as long as the program; callable
// from any thread.
[[nodiscard]] const ExprGraph& expression(const Row& row, DType operand_dtype);

}  // namespace sinter::ir
