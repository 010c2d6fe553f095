// The table of elementary functions and the samples they are measured at.
#include "tools/math/math_functions.h"

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "ir/graph/row.h"
#include "ir/scalar/math.h"

namespace sinter::tools {
namespace {

constexpr double kAny = std::numeric_limits<double>::infinity();

// Rows whose body is made of several operations are measured as they stand.
constexpr char kSigmoid[] = "sigmoid", kRsqrt[] = "rsqrt";
template <const char* name>
ir::Expr of_row(ir::Expr x) {
  return ir::find_row(name).on_expr(&x);
}
template <const char* name>
double oracle_of_row(double x) {
  static const ir::Row& row = ir::find_row(name);
  return row.on_double(&x);
}
int exact_sigmoid(mpfr_ptr y, mpfr_srcptr x, mpfr_rnd_t round) {
  mpfr_neg(y, x, round);
  mpfr_exp(y, y, round);
  mpfr_add_ui(y, y, 1, round);
  return mpfr_ui_div(y, 1, y, round);
}
int exact_rsqrt(mpfr_ptr y, mpfr_srcptr x, mpfr_rnd_t round) {
  mpfr_sqrt(y, x, round);
  return mpfr_ui_div(y, 1, y, round);
}

double random_bits(std::mt19937_64& random) { return std::bit_cast<double>(random()); }

}  // namespace

std::span<const MathFunction> math_functions() {
  static const std::vector<MathFunction> table{
      {"exp",
       ir::exp,
       std::exp,
       mpfr_exp,
       -745,
       710,
       {0, 88.72283, -87.33654, 709.7827, -708.3964, 0.34657, -0.34657},
       kAny,
       kAny,
       2,
       2},
      {"expm1",
       ir::expm1,
       std::expm1,
       mpfr_expm1,
       -40,
       710,
       {0, 88.72283, 709.7827, -17.5, -37.5, 0.34657, -0.34657},
       kAny,
       kAny,
       2,
       2.5},
      {"log", ir::log, std::log, mpfr_log, 0, 10, {0, 1, 2.0 / 3, 4.0 / 3, M_SQRT1_2, M_SQRT2}, kAny, kAny, 2, 2},
      {"log1p",
       ir::log1p,
       std::log1p,
       mpfr_log1p,
       -1,
       10,
       {0, -1, -1.0 / 3, 1.0 / 3, M_SQRT1_2 - 1, M_SQRT2 - 1},
       kAny,
       kAny,
       2,
       2},
      {"sin",
       ir::sin,
       std::sin,
       mpfr_sin,
       -20,
       20,
       {0, M_PI_2, M_PI, 1.5 * M_PI, 2 * M_PI, 100 * M_PI},
       1e5,
       1e9,
       2,
       2},
      {"cos",
       ir::cos,
       std::cos,
       mpfr_cos,
       -20,
       20,
       {0, M_PI_2, M_PI, 1.5 * M_PI, 2 * M_PI, 100.5 * M_PI},
       1e5,
       1e9,
       2,
       2},
      {"tanh", ir::tanh, std::tanh, mpfr_tanh, -20, 20, {0, 9.02, 0.34657 / 2, 19.06}, kAny, kAny, 3, 3},
      {"erf", ir::erf, std::erf, mpfr_erf, -6, 6, {0, 1, 3.93, 5.92}, kAny, kAny, 3, 3},
      {"sigmoid",
       of_row<kSigmoid>,
       oracle_of_row<kSigmoid>,
       exact_sigmoid,
       -40,
       40,
       {0, 88.72283, -88.72283, 17.3, -17.3, 709.7827, -709.7827},
       kAny,
       kAny,
       3,
       3},
      {"rsqrt", of_row<kRsqrt>, oracle_of_row<kRsqrt>, exact_rsqrt, 0, 100, {0, 1, 4}, kAny, kAny, 2, 2},
  };
  return table;
}

ir::ExprGraph graph_of(const MathFunction& function, DType dtype) {
  ir::ExprGraph graph;
  graph.add_root(function.build(ir::argument(graph, 0, dtype)).id);
  return graph;
}

ir::ExprGraph pow_graph(DType dtype) {
  ir::ExprGraph graph;
  graph.add_root(ir::pow(ir::argument(graph, 0, dtype), ir::argument(graph, 1, dtype)).id);
  return graph;
}

std::vector<double> structured_samples(const MathFunction& function, size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> inside(function.low, function.high);
  std::uniform_real_distribution<double> exponent(-40, 12);
  std::uniform_real_distribution<double> near(-52, -2);
  std::vector<double> samples{0.0, -0.0, 1.0, -1.0, kAny, -kAny, std::nan("")};
  while (samples.size() < count) {
    double x = 0;
    switch (samples.size() % 4) {
      case 0:
        x = random_bits(random);
        break;
      case 1:
        x = inside(random);
        break;
      case 2:
        x = std::copysign(std::exp2(exponent(random)), random_bits(random));
        break;
      default: {
        const double point = function.breakpoints[random() % function.breakpoints.size()];
        x = point + std::copysign(std::exp2(near(random)), random_bits(random)) * (point == 0 ? 1 : point);
      }
    }
    if (std::abs(x) <= function.limit_f64) samples.push_back(x);
  }
  samples.resize(count);
  return samples;
}

PowSamples pow_samples(DType dtype, size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  const double reach = dtype == kFloat32 ? 128 : 1024;  // of log2 of the result
  std::uniform_real_distribution<double> result(-reach * 1.02, reach * 1.02), small(-3, 3), log_exponent(-30, 6);
  PowSamples samples;
  for (size_t i = 0; i < count; ++i) {
    double x = 0, y = 0;
    switch (i % 4) {
      case 0:  // any base
        x = std::exp2(result(random) * 0.97);
        y = result(random) / std::log2(x);
        break;
      case 1:  // a base near 1 and a large exponent
        x = 1 +
            std::copysign(std::exp2(-std::abs(small(random)) * (dtype == kFloat32 ? 7 : 16) - 1), random_bits(random));
        y = result(random) / std::log2(x);
        break;
      case 2:
        x = std::exp2(small(random)), y = std::copysign(std::exp2(log_exponent(random)), random_bits(random));
        break;
      default:
        x = small(random), y = std::rint(small(random) * 8);
        break;  // whole exponents, either sign of base
    }
    if (dtype == kFloat32) x = static_cast<float>(x), y = static_cast<float>(y);
    if (std::abs(x) < (dtype == kFloat32 ? 0x1p-126 : 0x1p-1022)) x = std::copysign(0.0, x);  // denormals are zeros
    samples.x.push_back(x);
    samples.y.push_back(y);
  }
  return samples;
}

}  // namespace sinter::tools
