// The table of elementwise operations: adding one is adding a row here.
#include <algorithm>
#include <map>
#include <memory>
#include <mutex>

#include "ir/graph/row.h"
#include "ir/scalar/math.h"

namespace sinter::ir {
namespace {

using namespace host;

// The names of host_scalar.h that ir/scalar does not have, on Expr.
using host::like, host::shift_left, host::shift_right, host::positive_zero, host::negative_zero;
Expr like(Expr model, double value) { return constant(*model.graph, value, model.dtype()); }
Expr shift_left(Expr x, Expr count) { return apply(Prim::kShl, {x, count}); }
Expr shift_right(Expr x, Expr count) { return apply(Prim::kShrL, {x, count}); }
Expr on_bits(Prim prim, Expr x, Expr y) {
  if (!is_float(x.dtype())) return x;
  const DType bits = x.dtype() == kFloat32 ? kInt32 : kInt64;
  return bitcast(apply(prim, {bitcast(x, bits), bitcast(y, bits)}), x.dtype());
}
Expr positive_zero(Expr x, Expr y) { return on_bits(Prim::kAnd, x, y); }
Expr negative_zero(Expr x, Expr y) { return on_bits(Prim::kOr, x, y); }

// Halves of a cotangent for an operand of maximum or minimum: all of it unless `lost`, half at a tie.
Node share(Node ct, Node lost, Node tie) { return select(lost, 0.0, select(tie, ct * 0.5, ct)); }

// The cotangent of a pow's exponent: y log(x), where 0 to a power that is not negative is flat.
Node flow_to_exponent(Node ct, Node y, Node x, Node z) { return ct * y * log(select((x == 0.0) & (z >= 0.0), 1.0, x)); }

constexpr uint8_t kJoins = kCommutative | kAssociative;
constexpr Domain kSmall{-3, 3}, kPositive{0.1, 8}, kAwayFromZero{0.5, 4};
constexpr double kDivision = 8, kFunction = 15;

const Row kRows[] = {
    // Arithmetic.
    row<2, kNumbers>(
        {.name = "add", .doc = "x + y", .traits = kCommutative}, [](auto x, auto y) { return x + y; },
        [](auto ct, auto, auto, auto) { return flow(ct, ct); }),
    row<2, kNumbers>(
        {.name = "sub", .doc = "x - y"}, [](auto x, auto y) { return x - y; },
        [](auto ct, auto, auto, auto) { return flow(ct, -ct); }),
    row<2, kNumbers>(
        {.name = "mul", .doc = "x * y", .traits = kCommutative}, [](auto x, auto y) { return x * y; },
        [](auto ct, auto, auto x, auto y) { return flow(ct * y, ct * x); }),
    row<2, kFloats>(
        {.name = "div", .doc = "x / y", .sample = {kSmall, kAwayFromZero}, .cost = kDivision},
        [](auto x, auto y) { return x / y; },
        [](auto ct, auto q, auto, auto y) { return flow(ct / y, -(ct * (q / y))); }),
    row<2, kIntegers>(
        {.name = "idiv", .doc = "x / y rounded towards zero; x / 0 = 0", .cost = 2 * kDivision},
        [](auto x, auto y) { return x / y; }, NoDerivative{}),
    row<2, kIntegers>(
        {.name = "rem", .doc = "x - idiv(x, y) * y: the sign of x; rem(x, 0) = x", .cost = 2 * kDivision},
        [](auto x, auto y) { return x % y; }, NoDerivative{}),
    row<1, kNumbers>(
        {.name = "neg", .doc = "-x"}, [](auto x) { return -x; }, [](auto ct, auto, auto) { return flow(-ct); }),
    row<1, kNumbers>(
        {.name = "abs", .doc = "absolute value; gradient 0 at 0", .traits = kIdempotent, .kink = 0.01},
        [](auto x) { return abs(x); }, [](auto ct, auto, auto x) { return flow(ct * apply_row("sign", {x})); }),
    row<1, kNumbers>(
        {.name = "sign", .doc = "-1, 0 or 1; 0 for NaN", .traits = kIdempotent},
        [](auto x) { return select(x > 0.0, like(x, 1.0), select(x < 0.0, like(x, -1.0), like(x, 0.0))); },
        NoDerivative{}),
    row<2, kNumbers>(
        {.name = "maximum",
         .doc = "the larger; NaN if either is; +0 over -0; gradient half and half at a tie",
         .traits = kJoins | kIdempotent,
         .kink = 0.01,
         .cost = 3},
        [](auto x, auto y) { return select(x == y, positive_zero(x, y), select((x > y) | (x != x), x, y)); },
        [](auto ct, auto, auto x, auto y) { return flow(share(ct, x < y, x == y), share(ct, x > y, x == y)); }),
    row<2, kNumbers>(
        {.name = "minimum",
         .doc = "the smaller; NaN if either is; -0 over +0; gradient half and half at a tie",
         .traits = kJoins | kIdempotent,
         .kink = 0.01,
         .cost = 3},
        [](auto x, auto y) { return select(x == y, negative_zero(x, y), select((x < y) | (x != x), x, y)); },
        [](auto ct, auto, auto x, auto y) { return flow(share(ct, x > y, x == y), share(ct, x < y, x == y)); }),
    row<1, kNumbers>(
        {.name = "relu", .doc = "x where x > 0 or NaN, else 0; gradient 0 at 0", .traits = kIdempotent, .kink = 0.01},
        [](auto x) { return select(x <= 0.0, like(x, 0.0), x); },
        [](auto ct, auto y, auto) { return flow(select(y <= 0.0, 0.0, ct)); }),

    // Rounding.
    row<1, kNumbers>(
        {.name = "floor", .doc = "the largest integer not above x", .traits = kIdempotent},
        [](auto x) { return floor(x); }, NoDerivative{}),
    row<1, kNumbers>(
        {.name = "ceil", .doc = "the smallest integer not below x", .traits = kIdempotent},
        [](auto x) { return ceil(x); }, NoDerivative{}),
    row<1, kNumbers>(
        {.name = "round", .doc = "the nearest integer, ties to even", .traits = kIdempotent},
        [](auto x) { return rint(x); }, NoDerivative{}),

    // Functions.
    row<1, kFloats>(
        {.name = "sqrt", .doc = "square root", .sample = {kPositive}, .cost = kDivision},
        [](auto x) { return sqrt(x); }, [](auto ct, auto y, auto) { return flow(ct / (2.0 * y)); }),
    row<1, kFloats>(
        {.name = "rsqrt", .doc = "1 / sqrt(x)", .sample = {kPositive}, .cost = 2 * kDivision},
        [](auto x) { return 1.0 / sqrt(x); }, [](auto ct, auto y, auto) { return flow(-0.5 * ct * (y * y * y)); }),
    row<1, kFloats>(
        {.name = "exp", .doc = "e to the x", .cost = kFunction}, [](auto x) { return exp(x); },
        [](auto ct, auto y, auto) { return flow(ct * y); }),
    row<1, kFloats>(
        {.name = "expm1", .doc = "exp(x) - 1, accurate near 0", .cost = kFunction}, [](auto x) { return expm1(x); },
        [](auto ct, auto y, auto) { return flow(ct * (y + 1.0)); }),
    row<1, kFloats>(
        {.name = "log", .doc = "natural logarithm", .sample = {kPositive}, .cost = kFunction},
        [](auto x) { return log(x); }, [](auto ct, auto, auto x) { return flow(ct / x); }),
    row<1, kFloats>(
        {.name = "log1p", .doc = "log(1 + x), accurate near 0", .sample = {Domain{-0.9, 8}}, .cost = kFunction},
        [](auto x) { return log1p(x); }, [](auto ct, auto, auto x) { return flow(ct / (x + 1.0)); }),
    row<1, kFloats>(
        {.name = "sin", .doc = "sine", .cost = kFunction}, [](auto x) { return sin(x); },
        [](auto ct, auto, auto x) { return flow(ct * cos(x)); }),
    row<1, kFloats>(
        {.name = "cos", .doc = "cosine", .cost = kFunction}, [](auto x) { return cos(x); },
        [](auto ct, auto, auto x) { return flow(-(ct * sin(x))); }),
    row<1, kFloats>(
        {.name = "tanh", .doc = "hyperbolic tangent", .cost = 2 * kFunction}, [](auto x) { return tanh(x); },
        [](auto ct, auto y, auto) { return flow(ct * (1.0 - y * y)); }),
    row<1, kFloats>(
        {.name = "sigmoid", .doc = "1 / (1 + exp(-x))", .cost = kFunction + kDivision},  // exp overflows to inf: 0
        [](auto x) { return 1.0 / (1.0 + exp(-x)); }, [](auto ct, auto y, auto) { return flow(ct * (1.0 - y) * y); }),
    row<1, kFloats>(
        {.name = "erf", .doc = "error function", .cost = 2 * kFunction}, [](auto x) { return erf(x); },
        [](auto ct, auto, auto x) { return flow(ct * (1.1283791670955126 * exp(-(x * x)))); }),
    row<2, kNumbers>(
        {.name = "pow",
         .doc = "x to the y; of integers it wraps, and a negative power is 0 but for x = 1 and -1",
         .sample = {kPositive, kSmall},
         .cost = 3 * kFunction},
        [](auto x, auto y) { return pow(x, y); },
        [](auto ct, auto p, auto x, auto y) {
          return flow(select(y == 0.0, 0.0, ct * (y * pow(x, y - 1.0))), flow_to_exponent(ct, p, x, y));
        }),

    // Comparison. With a NaN all but ne are false.
    row<2, kAnything>(
        {.name = "eq", .doc = "x = y", .signature = Signature::kPredicate, .traits = kCommutative},
        [](auto x, auto y) { return x == y; }, NoDerivative{}),
    row<2, kAnything>(
        {.name = "ne", .doc = "x is not y", .signature = Signature::kPredicate, .traits = kCommutative},
        [](auto x, auto y) { return x != y; }, NoDerivative{}),
    row<2, kNumbers>(
        {.name = "lt", .doc = "x < y", .signature = Signature::kPredicate}, [](auto x, auto y) { return x < y; },
        NoDerivative{}),
    row<2, kNumbers>(
        {.name = "le", .doc = "x <= y", .signature = Signature::kPredicate}, [](auto x, auto y) { return x <= y; },
        NoDerivative{}),
    row<2, kNumbers>(
        {.name = "gt", .doc = "x > y", .signature = Signature::kPredicate}, [](auto x, auto y) { return x > y; },
        NoDerivative{}),
    row<2, kNumbers>(
        {.name = "ge", .doc = "x >= y", .signature = Signature::kPredicate}, [](auto x, auto y) { return x >= y; },
        NoDerivative{}),
    row<1, kFloats>(
        {.name = "is_nan", .doc = "x is not a number", .signature = Signature::kPredicate},
        [](auto x) { return x != x; }, NoDerivative{}),

    // Logic and bits.
    row<2, kBools>(
        {.name = "logical_and", .doc = "both", .traits = kJoins | kIdempotent}, [](auto x, auto y) { return x & y; },
        NoDerivative{}),
    row<2, kBools>(
        {.name = "logical_or", .doc = "either", .traits = kJoins | kIdempotent}, [](auto x, auto y) { return x | y; },
        NoDerivative{}),
    row<2, kBools>(
        {.name = "logical_xor", .doc = "one of the two", .traits = kJoins}, [](auto x, auto y) { return x ^ y; },
        NoDerivative{}),
    row<1, kBools>(
        {.name = "logical_not", .doc = "not x"}, [](auto x) { return !x; }, NoDerivative{}),
    row<2, kIntegers>(
        {.name = "bit_and", .doc = "bitwise and", .traits = kJoins | kIdempotent}, [](auto x, auto y) { return x & y; },
        NoDerivative{}),
    row<2, kIntegers>(
        {.name = "bit_or", .doc = "bitwise or", .traits = kJoins | kIdempotent}, [](auto x, auto y) { return x | y; },
        NoDerivative{}),
    row<2, kIntegers>(
        {.name = "bit_xor", .doc = "bitwise exclusive or", .traits = kJoins}, [](auto x, auto y) { return x ^ y; },
        NoDerivative{}),
    row<1, kIntegers>(
        {.name = "bit_not", .doc = "every bit of x turned"}, [](auto x) { return x ^ like(x, -1.0); }, NoDerivative{}),
    row<2, kIntegers>(
        {.name = "shl", .doc = "x shifted left by y bits; 0 for y outside 0 to 63"},
        [](auto x, auto y) { return shift_left(x, y); }, NoDerivative{}),
    row<2, kIntegers>(
        {.name = "shr", .doc = "x shifted right by y bits, zeros enter; 0 for y outside 0 to 63"},
        [](auto x, auto y) { return shift_right(x, y); }, NoDerivative{}),
    row<2, kIntegers>(
        {.name = "shr_signed",
         .doc = "x shifted right by y bits, copies of the sign enter; 0 or -1 for y outside 0 to 63"},
        [](auto x, auto y) {
          const auto sign = select(x < 0.0, like(x, -1.0), like(x, 0.0));
          return shift_right(x ^ sign, y) ^ sign;
        },
        NoDerivative{}),

    // Choice and conversion.
    row<3, kAnything>(
        {.name = "select", .doc = "the second where the first holds, else the third", .signature = Signature::kSelect},
        [](auto c, auto x, auto y) { return select(c, x, y); },
        [](auto ct, auto, auto c, auto, auto) { return flow(none, select(c, ct, 0.0), select(c, 0.0, ct)); }),
    row<1, kAnything>(
        {.name = "to_f32", .doc = "x as f32, rounded to nearest", .signature = Signature::kConvert, .to = kFloat32},
        [](auto x) { return convert(x, kFloat32); },
        [](auto ct, auto, auto x) { return flow(Node{ct.builder, convert(*ct.builder, ct.value, x.type().dtype)}); }),
    row<1, kAnything>(
        {.name = "to_f64", .doc = "x as f64", .signature = Signature::kConvert, .to = kFloat64},
        [](auto x) { return convert(x, kFloat64); },
        [](auto ct, auto, auto x) { return flow(Node{ct.builder, convert(*ct.builder, ct.value, x.type().dtype)}); }),
    row<1, kAnything>(
        {.name = "to_i64",
         .doc = "x rounded towards zero, saturated; NaN gives 0",
         .signature = Signature::kConvert,
         .to = kInt64},
        [](auto x) { return convert(x, kInt64); }, NoDerivative{}),
    row<1, kAnything>(
        {.name = "to_bool", .doc = "x is not 0 (true for NaN)", .signature = Signature::kConvert, .to = kBool},
        [](auto x) { return convert(x, kBool); }, NoDerivative{}),
};

}  // namespace

std::span<const Row> rows() { return kRows; }

const Row& find_row(std::string_view name) {
  const Row* found = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& row) { return row.name == name; });
  invariant(found != std::end(kRows), "an elementwise row of that name exists");
  return *found;
}

const ExprGraph& expression(const Row& row, DType operand_dtype) {
  static std::mutex mutex;
  static auto& built = *new std::map<std::pair<const Row*, DType>, std::unique_ptr<ExprGraph>>;
  const std::lock_guard lock(mutex);
  std::unique_ptr<ExprGraph>& code = built[{&row, operand_dtype}];
  if (!code) {
    auto graph = std::make_unique<ExprGraph>();
    std::array<Expr, 3> x;
    for (int i = 0; i < row.arity; ++i) {
      const bool condition = row.signature == Signature::kSelect && i == 0;
      x[static_cast<size_t>(i)] = argument(*graph, i, condition ? kBool : operand_dtype);
    }
    graph->add_root(row.on_expr(x.data()).id);
    code = std::move(graph);
  }
  return *code;
}

}  // namespace sinter::ir
