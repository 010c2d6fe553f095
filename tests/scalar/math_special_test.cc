// Special arguments of the elementary functions, in both float types: zeros with their signs, infinities, NaN,
// overflow.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "ir/scalar/math.h"
#include "tests/scalar/run.h"

namespace sinter::ir {
namespace {

template <class T>
class MathSpecial : public testing::Test {
 protected:
  static constexpr T kInf = std::numeric_limits<T>::infinity();
  static constexpr T kNan = std::numeric_limits<T>::quiet_NaN();
  static constexpr T kMax = std::numeric_limits<T>::max();
  static constexpr T kMin = std::numeric_limits<T>::min();
};
using FloatTypes = testing::Types<float, double>;
TYPED_TEST_SUITE(MathSpecial, FloatTypes);

// Equal bits, all NaNs being one.
template <class T>
testing::AssertionResult same(T got, T want) {
  const bool equal = std::isnan(want) ? std::isnan(got) : got == want && std::signbit(got) == std::signbit(want);
  return equal ? testing::AssertionSuccess() : testing::AssertionFailure() << "got " << got << ", expected " << want;
}

TYPED_TEST(MathSpecial, Exponentials) {
  using T = TypeParam;
  const T inf = this->kInf, nan = this->kNan, max = this->kMax;
  EXPECT_TRUE(same(at<T>(exp, T(0)), T(1)));
  EXPECT_TRUE(same(at<T>(exp, T(-0.0)), T(1)));
  EXPECT_TRUE(same(at<T>(exp, inf), inf));
  EXPECT_TRUE(same(at<T>(exp, -inf), T(0)));
  EXPECT_TRUE(same(at<T>(exp, max), inf));
  EXPECT_TRUE(same(at<T>(exp, -max), T(0)));
  EXPECT_TRUE(same(at<T>(exp, nan), nan));
  EXPECT_TRUE(same(at<T>(expm1, T(0)), T(0)));
  EXPECT_TRUE(same(at<T>(expm1, T(-0.0)), T(-0.0)));
  EXPECT_TRUE(same(at<T>(expm1, inf), inf));
  EXPECT_TRUE(same(at<T>(expm1, -inf), T(-1)));
  EXPECT_TRUE(same(at<T>(expm1, max), inf));
  EXPECT_TRUE(same(at<T>(expm1, -max), T(-1)));
  EXPECT_TRUE(same(at<T>(expm1, nan), nan));
  EXPECT_TRUE(same(at<T>(expm1, -this->kMin), -this->kMin));
}

// A NaN comes out as a NaN whatever its payload: scaling works on bits.
TYPED_TEST(MathSpecial, EveryNaNStaysNaN) {
  using T = TypeParam;
  std::mt19937 random(1);
  for (auto f : {exp, expm1, log, log1p, sin, cos, tanh, erf}) {
    for (int i = 0; i < 50; ++i) {
      const T nan = std::copysign(std::is_same_v<T, float>
                                      ? static_cast<T>(std::nanf(std::to_string(random() % 0x3fffff).c_str()))
                                      : static_cast<T>(std::nan(std::to_string(random()).c_str())),
                                  i % 2 == 0 ? T(1) : T(-1));
      EXPECT_TRUE(std::isnan(at<T>(f, nan)));
      EXPECT_TRUE(std::isnan(at<T>(pow, nan, T(2))));
      EXPECT_TRUE(std::isnan(at<T>(pow, T(2), nan)));
    }
  }
}

TYPED_TEST(MathSpecial, Logarithms) {
  using T = TypeParam;
  const T inf = this->kInf, nan = this->kNan, max = this->kMax;
  const T denormal = std::numeric_limits<T>::denorm_min();
  EXPECT_TRUE(same(at<T>(log, T(1)), T(0)));
  EXPECT_TRUE(same(at<T>(log, T(0)), -inf));
  EXPECT_TRUE(same(at<T>(log, T(-0.0)), -inf));
  EXPECT_TRUE(same(at<T>(log, denormal), -inf));
  EXPECT_TRUE(same(at<T>(log, -denormal), -inf));
  EXPECT_TRUE(same(at<T>(log, T(-1)), nan));
  EXPECT_TRUE(same(at<T>(log, -inf), nan));
  EXPECT_TRUE(same(at<T>(log, inf), inf));
  EXPECT_TRUE(same(at<T>(log, nan), nan));
  EXPECT_TRUE(same(at<T>(log, max), std::log(max)));
  EXPECT_TRUE(same(at<T>(log1p, T(0)), T(0)));
  EXPECT_TRUE(same(at<T>(log1p, T(-0.0)), T(-0.0)));
  EXPECT_TRUE(same(at<T>(log1p, T(-1)), -inf));
  EXPECT_TRUE(same(at<T>(log1p, T(-2)), nan));
  EXPECT_TRUE(same(at<T>(log1p, -inf), nan));
  EXPECT_TRUE(same(at<T>(log1p, inf), inf));
  EXPECT_TRUE(same(at<T>(log1p, nan), nan));
  EXPECT_TRUE(same(at<T>(log1p, max), std::log1p(max)));
  EXPECT_TRUE(same(at<T>(log1p, this->kMin), this->kMin));
}

TYPED_TEST(MathSpecial, Trigonometry) {
  using T = TypeParam;
  const T inf = this->kInf, nan = this->kNan;
  EXPECT_TRUE(same(at<T>(sin, T(0)), T(0)));
  EXPECT_TRUE(same(at<T>(sin, T(-0.0)), T(-0.0)));
  EXPECT_TRUE(same(at<T>(cos, T(0)), T(1)));
  EXPECT_TRUE(same(at<T>(cos, T(-0.0)), T(1)));
  for (auto f : {sin, cos}) {
    EXPECT_TRUE(same(at<T>(f, inf), nan));
    EXPECT_TRUE(same(at<T>(f, -inf), nan));
    EXPECT_TRUE(same(at<T>(f, nan), nan));
  }
}

// Past the accurate range nothing is promised but the range of values; within it, rounding must not pass 1.
TYPED_TEST(MathSpecial, TrigonometryIsBoundedEverywhere) {
  using T = TypeParam;
  std::mt19937 random(2);
  std::uniform_real_distribution<T> exponent(-20, std::numeric_limits<T>::max_exponent), near(T(-1e-3), T(1e-3));
  Values<T> x{this->kMax};
  for (int i = 0; i < 50'000; ++i) {
    x.push_back(std::exp2(exponent(random)));
    x.push_back(static_cast<T>(i % 100) * static_cast<T>(M_PI_2) + near(random));
  }
  for (auto f : {sin, cos}) {
    for (T y : evaluate_each<T, T>(f, x)) ASSERT_LE(std::abs(y), 1);
  }
}

TYPED_TEST(MathSpecial, Sigmoids) {
  using T = TypeParam;
  for (auto f : {tanh, erf}) {
    EXPECT_TRUE(same(at<T>(f, T(0)), T(0)));
    EXPECT_TRUE(same(at<T>(f, T(-0.0)), T(-0.0)));
    EXPECT_TRUE(same(at<T>(f, this->kInf), T(1)));
    EXPECT_TRUE(same(at<T>(f, -this->kInf), T(-1)));
    EXPECT_TRUE(same(at<T>(f, this->kMax), T(1)));
    EXPECT_TRUE(same(at<T>(f, T(20)), T(1)));
    EXPECT_TRUE(same(at<T>(f, this->kNan), this->kNan));
  }
  EXPECT_TRUE(same(at<T>(tanh, this->kMin), this->kMin));
}

// 1 - tanh(x)^2 must not be negative.
TYPED_TEST(MathSpecial, SigmoidsNeverPassOne) {
  using T = TypeParam;
  Values<T> x;
  for (int i = 0; i < 400'000; ++i) x.push_back(static_cast<T>(i) * T(5e-5));
  for (auto f : {tanh, erf}) {
    for (T y : evaluate_each<T, T>(f, x)) ASSERT_LE(y, 1);
  }
}

TYPED_TEST(MathSpecial, OddFunctionsAreOdd) {
  using T = TypeParam;
  std::mt19937 random(3);
  std::uniform_real_distribution<T> uniform(0, 30);
  Values<T> x, minus;
  for (int i = 0; i < 10'000; ++i) {
    x.push_back(uniform(random));
    minus.push_back(-x.back());
  }
  for (auto f : {sin, tanh, erf}) {
    const Values<T> y = evaluate_each<T, T>(f, x), z = evaluate_each<T, T>(f, minus);
    for (size_t i = 0; i < y.size(); ++i) ASSERT_EQ(y[i], -z[i]) << x[i];
  }
}

TYPED_TEST(MathSpecial, Pow) {
  using T = TypeParam;
  const T inf = this->kInf, nan = this->kNan, max = this->kMax;
  const T points[] = {T(0),       T(-0.0),
                      T(1),       T(-1),
                      T(0.5),     T(-0.5),
                      T(2),       T(-2),
                      T(3),       T(-3),
                      T(2.5),     T(-2.5),
                      T(1e6),     T(-1e6),
                      T(1e6) + 1, max,
                      -max,       inf,
                      -inf,       nan,
                      T(1) / 3,   1 + std::numeric_limits<T>::epsilon()};
  for (T x : points) {
    for (T y : points) {
      const T got = at<T>(pow, x, y);
      T want = std::pow(x, y);
      if (std::abs(want) < this->kMin) want = std::copysign(T(0), want);
      const bool exact = std::isnan(want) || std::isinf(want) || want == 0 || std::abs(x) == 1 || y == 0 || y == 1;
      if (exact) {
        EXPECT_TRUE(same(got, want)) << x << " ^ " << y;
      } else {
        EXPECT_NEAR(got / want, 1, 4 * std::numeric_limits<T>::epsilon()) << x << " ^ " << y;
      }
    }
  }
}

TYPED_TEST(MathSpecial, SmallPowersOfSmallIntegersAreExact) {
  using T = TypeParam;
  for (int x = -9; x <= 9; ++x) {
    for (int y = 0; y <= 6; ++y) {
      T want = 1;
      for (int i = 0; i < y; ++i) want *= static_cast<T>(x);
      EXPECT_EQ(at<T>(pow, static_cast<T>(x), static_cast<T>(y)), want) << x << " ^ " << y;
    }
  }
}

}  // namespace
}  // namespace sinter::ir
