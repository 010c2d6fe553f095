// Scalar expressions: what one element of an elementwise operation computes, as a small DAG of machine-level
// primitives. A row's body (ir/graph/rows.cc) run on Expr builds one; emitters print it, evaluate.h interprets it with
// the rounding of the declared types. There is no other definition of what a row computes in f32, f64, i64 and bool.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "support/dtype.h"

namespace sinter::ir {

// Primitive instructions: each has one spelling per target. Floats: IEEE, round to nearest even, never contracted.
// Integers: two's complement, wrapping. Comparisons give bool; with a NaN all of them but kNe are false.
enum class Prim : uint8_t {
  kConstant,  // payload: bits of the value in its dtype
  kArgument,  // payload: which operand of the row
  kAdd,
  kSub,
  kMul,
  kDiv,  // floats only
  kFma,  // floats only: a * b + c, rounded once
  kNeg,
  kAbs,
  kSqrt,
  kFloor,
  kCeil,
  kRint,    // to the nearest integer, ties to even
  kIDiv,    // integers: quotient rounded towards zero; x / 0 = 0 and min / -1 = min, never a trap
  kIRem,    // integers: x - (x / y) * y in that sense; x % 0 = x
  kMulHiU,  // i32: high half of the unsigned 64-bit product
  kEq,
  kNe,
  kLt,
  kLe,
  kAnd,
  kOr,
  kXor,
  kNot,  // bool (logical) and integers (bitwise)
  kShl,
  kShrL,
  kShrA,     // integers; shift counts outside [0, bits) give 0 (kShrA: the sign)
  kSelect,   // bool, a, b: a where true; the other side's value is computed and dropped
  kConvert,  // to `dtype`: float to integer truncates, saturates, NaN gives 0; to bool is "!= 0"; i32 <-> i64 sign
             // extends, wraps
  kBitcast,  // f32 <-> i32, f64 <-> i64
};

struct PrimFacts {
  std::string_view name;
  int arity;
};
[[nodiscard]] const PrimFacts& facts(Prim prim);

struct ExprNode {
  Prim prim;
  DType dtype;                         // of the result
  std::array<uint32_t, 3> operands{};  // ids of earlier nodes
  uint64_t payload = 0;                // kConstant: bits; kArgument: position
  bool operator==(const ExprNode&) const = default;
};

// Nodes in order of definition: operands come before users. Equal nodes are kept once.
class ExprGraph {
 public:
  uint32_t add(const ExprNode& node);
  [[nodiscard]] const ExprNode& operator[](uint32_t id) const { return nodes_[id]; }
  [[nodiscard]] std::span<const ExprNode> nodes() const { return nodes_; }
  [[nodiscard]] std::span<const uint32_t> roots() const { return roots_; }
  void add_root(uint32_t id) { roots_.push_back(id); }

 private:
  struct NodeHash {
    size_t operator()(const ExprNode& node) const;
  };
  std::vector<ExprNode> nodes_;
  std::unordered_map<ExprNode, uint32_t, NodeHash> ids_;
  std::vector<uint32_t> roots_;
};

// One value of an expression under construction.
struct Expr {
  ExprGraph* graph = nullptr;
  uint32_t id = 0;
  [[nodiscard]] DType dtype() const { return (*graph)[id].dtype; }
};

[[nodiscard]] Expr argument(ExprGraph& graph, int position, DType dtype);
// The constant `value` (converted to dtype; NaN and infinities allowed for floats).
[[nodiscard]] Expr constant(ExprGraph& graph, double value, DType dtype);
[[nodiscard]] Expr constant_bits(ExprGraph& graph, uint64_t bits, DType dtype);
// Any primitive on expressions; the result's dtype follows from the primitive (convert and bitcast take it).
[[nodiscard]] Expr apply(Prim prim, std::initializer_list<Expr> operands);
[[nodiscard]] Expr convert(Expr x, DType to);
[[nodiscard]] Expr bitcast(Expr x, DType to);
[[nodiscard]] Expr fma(Expr a, Expr b, Expr c);
[[nodiscard]] Expr select(Expr condition, Expr a, Expr b);

// Plain arithmetic; a number on one side takes the other side's dtype. `/` on integers is kIDiv, `%` is kIRem.
Expr operator+(Expr a, Expr b);
Expr operator-(Expr a, Expr b);
Expr operator*(Expr a, Expr b);
Expr operator/(Expr a, Expr b);
Expr operator%(Expr a, Expr b);
Expr operator-(Expr a);
Expr operator+(Expr a, double b);
Expr operator+(double a, Expr b);
Expr operator-(Expr a, double b);
Expr operator-(double a, Expr b);
Expr operator*(Expr a, double b);
Expr operator*(double a, Expr b);
Expr operator/(Expr a, double b);
Expr operator/(double a, Expr b);
Expr operator==(Expr a, Expr b);
Expr operator!=(Expr a, Expr b);
Expr operator<(Expr a, Expr b);
Expr operator<=(Expr a, Expr b);
Expr operator>(Expr a, Expr b);
Expr operator>=(Expr a, Expr b);
Expr operator==(Expr a, double b);
Expr operator!=(Expr a, double b);
Expr operator<(Expr a, double b);
Expr operator<=(Expr a, double b);
Expr operator>(Expr a, double b);
Expr operator>=(Expr a, double b);
Expr operator&(Expr a, Expr b);
Expr operator|(Expr a, Expr b);
Expr operator^(Expr a, Expr b);
Expr operator!(Expr a);
Expr select(Expr condition, Expr a, double b);
Expr select(Expr condition, double a, Expr b);

// One line per node and one for the roots, for tests and dumps: "%3 = mul f32 %1, %2", "return %3".
[[nodiscard]] std::string to_string(const ExprGraph& graph);

}  // namespace sinter::ir
