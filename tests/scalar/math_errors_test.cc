// The promised error bounds of the elementary functions, sampled: f32 against libm in double, f64 against MPFR.
#include <gtest/gtest.h>
#include <mpfr.h>

#include <bit>
#include <cmath>

#include "ir/scalar/evaluate.h"
#include "tests/scalar/run.h"
#include "tools/math/math_functions.h"
#include "tools/math/ulp.h"

namespace sinter::tools {
namespace {

using ir::bytes_of;

template <class T>
std::vector<T> values(const ir::ExprGraph& graph, const std::vector<T>& x, const std::vector<T>& y) {
  std::vector<T> result(x.size());
  const std::array<const std::byte*, 2> arguments{bytes_of(x), bytes_of(y)};
  const std::array<int, 2> strides{1, 1};
  std::byte* const out = reinterpret_cast<std::byte*>(result.data());
  ir::evaluate(graph, x.size(), arguments, strides, {&out, 1});
  return result;
}

// What a denormal argument counts as.
template <class T>
double flushed(T x) {
  return std::abs(x) < std::numeric_limits<T>::min() ? std::copysign(0.0, x) : x;
}

class MathErrors : public testing::TestWithParam<MathFunction> {};

TEST_P(MathErrors, F32) {
  const MathFunction& function = GetParam();
  std::vector<float> x;
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += 20011)
    x.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  // The neighbourhood of each breakpoint, and what the f64 samples know.
  for (double point : function.breakpoints) {
    const auto centre = std::bit_cast<uint32_t>(static_cast<float>(point));
    for (uint32_t i = 0; i < 400; ++i) x.push_back(std::bit_cast<float>(centre + i - 200));
  }
  for (double sample : structured_samples(function, 20'000, 7)) x.push_back(static_cast<float>(sample));
  std::erase_if(x, [&](float v) { return std::abs(v) > function.limit_f32; });
  const std::vector<float> got = values(graph_of(function, kFloat32), x, x);
  double worst = 0, where = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double error = ulp_error(got[i], function.oracle(flushed(x[i])));
    if (error > worst) worst = error, where = x[i];
  }
  EXPECT_LE(worst, function.bound_f32) << "at " << std::hexfloat << where;
  EXPECT_GT(worst, 0.4);  // what correct rounding leaves: the measurement sees something
}

TEST_P(MathErrors, F64) {
  const MathFunction& function = GetParam();
  const std::vector<double> x = structured_samples(function, 20'000, 8);
  const std::vector<double> got = values(graph_of(function, kFloat64), x, x);
  double worst = 0, where = 0;
  mpfr_t in, want;
  mpfr_inits2(160, in, want, mpfr_ptr{nullptr});
  for (size_t i = 0; i < x.size(); ++i) {
    mpfr_set_d(in, flushed(x[i]), MPFR_RNDN);
    function.exact(want, in, MPFR_RNDN);
    const double error = ulp_error(got[i], want);
    if (error > worst) worst = error, where = x[i];
  }
  mpfr_clears(in, want, mpfr_ptr{nullptr});
  EXPECT_LE(worst, function.bound_f64) << "at " << std::hexfloat << where;
  EXPECT_GT(worst, 0.4);
}

INSTANTIATE_TEST_SUITE_P(All, MathErrors, testing::ValuesIn(math_functions().begin(), math_functions().end()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(MathErrors, PowF32) {
  const PowSamples samples = pow_samples(kFloat32, 50'000, 9);
  const std::vector<float> x(samples.x.begin(), samples.x.end()), y(samples.y.begin(), samples.y.end());
  const std::vector<float> got = values(pow_graph(kFloat32), x, y);
  double worst = 0;
  for (size_t i = 0; i < got.size(); ++i)
    worst = std::max(worst, ulp_error(got[i], std::pow(double{x[i]}, double{y[i]})));
  EXPECT_LE(worst, kPowBound);
}

TEST(MathErrors, PowF64) {
  const PowSamples samples = pow_samples(kFloat64, 20'000, 9);
  const std::vector<double> got = values(pow_graph(kFloat64), samples.x, samples.y);
  double worst = 0;
  mpfr_t x, y, want;
  mpfr_inits2(160, x, y, want, mpfr_ptr{nullptr});
  for (size_t i = 0; i < got.size(); ++i) {
    mpfr_set_d(x, samples.x[i], MPFR_RNDN);
    mpfr_set_d(y, samples.y[i], MPFR_RNDN);
    mpfr_pow(want, x, y, MPFR_RNDN);
    worst = std::max(worst, ulp_error(got[i], want));
  }
  mpfr_clears(x, y, want, mpfr_ptr{nullptr});
  EXPECT_LE(worst, kPowBound);
}

TEST(Ulp, MeasuresSteps) {
  EXPECT_EQ(ulp_error(1.0F, 1.0), 0);
  EXPECT_EQ(ulp_error(std::nextafterf(1.0F, 2.0F), 1.0), 1);
  EXPECT_EQ(ulp_error(1.0F, 1 + 0x1p-24), 0.5);
  EXPECT_EQ(ulp_error(INFINITY, 1e300), 0);
  EXPECT_EQ(ulp_error(0x1.fffffep127F, 1e300), 1);
  EXPECT_EQ(ulp_error(0.0F, 1e-300), 0);
  EXPECT_EQ(ulp_error(NAN, 1.0), INFINITY);
  EXPECT_EQ(ulp_error(1.0F, NAN), INFINITY);
  EXPECT_EQ(ulp_error(0.0F, -0.0), INFINITY);
}

}  // namespace
}  // namespace sinter::tools
