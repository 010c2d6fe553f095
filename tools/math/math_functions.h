// The elementary functions under measurement, each with its definition, oracles and where its samples are drawn.
#pragma once

#include <mpfr.h>

#include <span>
#include <string_view>
#include <vector>

#include "ir/scalar/expr.h"

namespace sinter::tools {

struct MathFunction {
  std::string_view name;
  ir::Expr (*build)(ir::Expr);
  double (*oracle)(double);                         // libm on double: the truth for f32
  int (*exact)(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t);  // the truth for f64
  double low, high;                                 // where results are neither trivial nor saturated
  std::vector<double> breakpoints;                  // where the method changes, or results are special
  double limit_f32, limit_f64;                      // |x| up to which the bound holds
  double bound_f32, bound_f64;                      // promised largest error, in ulp
};
[[nodiscard]] std::span<const MathFunction> math_functions();

// pow is the one of two arguments.
inline constexpr double kPowBound = 4;

// One expression graph computing f of argument 0.
[[nodiscard]] ir::ExprGraph graph_of(const MathFunction& function, DType dtype);
[[nodiscard]] ir::ExprGraph pow_graph(DType dtype);

// f64 inputs for f: spread over all exponents, dense where the function lives, and close to its breakpoints; `count` of
// them, the same for the same seed. All within the f64 limit.
[[nodiscard]] std::vector<double> structured_samples(const MathFunction& function, size_t count, unsigned seed);
// Pairs for pow in either dtype's range: bases and exponents for which the result is neither 0 nor infinity, mostly.
struct PowSamples {
  std::vector<double> x, y;
};
[[nodiscard]] PowSamples pow_samples(DType dtype, size_t count, unsigned seed);

}  // namespace sinter::tools
