// The exact semantics of every primitive, corner cases first.
#include "ir/scalar/evaluate.h"

#include <gtest/gtest.h>
#include <immintrin.h>

#include <bit>
#include <cmath>
#include <limits>

#include "ir/scalar/math.h"
#include "support/error.h"
#include "tests/scalar/run.h"

namespace sinter::ir {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr int32_t kMin32 = INT32_MIN, kMax32 = INT32_MAX;
constexpr int64_t kMin64 = INT64_MIN, kMax64 = INT64_MAX;

// prim on all pairs.
template <class Out, class In>
Values<Out> pairs(Prim prim, const Values<In>& a, const Values<In>& b) {
  return evaluate_each<Out, In, In>([=](Expr x, Expr y) { return apply(prim, {x, y}); }, a, b);
}
template <class T>
Values<T> unary(Prim prim, const Values<T>& a) {
  return evaluate_each<T, T>([=](Expr x) { return apply(prim, {x}); }, a);
}
template <class To, class From>
Values<To> converted(const Values<From>& a) {
  return evaluate_each<To, From>([](Expr x) { return convert(x, dtype_of<To>); }, a);
}

template <class T>
class Floats : public testing::Test {};
using FloatTypes = testing::Types<float, double>;
TYPED_TEST_SUITE(Floats, FloatTypes);

TYPED_TEST(Floats, Arithmetic) {
  using T = TypeParam;
  const Values<T> a{1, T(0.1), -3, 0}, b{3, T(0.2), 2, 0};
  EXPECT_EQ((pairs<T, T>(Prim::kAdd, a, b)), (Values<T>{4, T(0.1) + T(0.2), -1, 0}));
  EXPECT_EQ((pairs<T, T>(Prim::kSub, a, b)), (Values<T>{-2, T(0.1) - T(0.2), -5, 0}));
  EXPECT_EQ((pairs<T, T>(Prim::kMul, a, b)), (Values<T>{3, T(0.1) * T(0.2), -6, 0}));
  EXPECT_EQ((pairs<T, T>(Prim::kDiv, {1, 1, -1}, {3, 0, 0})), (Values<T>{T(1) / T(3), INFINITY, -INFINITY}));
  EXPECT_EQ((unary<T>(Prim::kSqrt, {2, 4})), (Values<T>{std::sqrt(T(2)), 2}));
  EXPECT_TRUE(std::isnan(unary<T>(Prim::kSqrt, {-1})[0]));
  EXPECT_TRUE(std::isnan(pairs<T, T>(Prim::kDiv, {0}, {0})[0]));
}

TYPED_TEST(Floats, MultiplyAndAddAreRoundedTwiceFmaOnce) {
  using T = TypeParam;
  const T e = std::numeric_limits<T>::epsilon();
  const auto separate = [](Expr x, Expr y, Expr z) { return x * y + z; };
  const auto fused = [](Expr x, Expr y, Expr z) { return fma(x, y, z); };
  EXPECT_EQ(at<T>(separate, 1 + e, 1 - e, T(-1)), 0);
  EXPECT_EQ(at<T>(fused, 1 + e, 1 - e, T(-1)), -e * e);
}

TYPED_TEST(Floats, RoundingToIntegers) {
  using T = TypeParam;
  const Values<T> x{T(0.5), T(1.5), T(2.5), T(-0.5), T(-1.5), T(-2.7), T(1e30), -INFINITY};
  EXPECT_EQ((unary<T>(Prim::kRint, x)), (Values<T>{0, 2, 2, 0, -2, -3, T(1e30), -INFINITY}));
  EXPECT_EQ((unary<T>(Prim::kFloor, x)), (Values<T>{0, 1, 2, -1, -2, -3, T(1e30), -INFINITY}));
  EXPECT_EQ((unary<T>(Prim::kCeil, x)), (Values<T>{1, 2, 3, 0, -1, -2, T(1e30), -INFINITY}));
  EXPECT_TRUE(std::signbit(unary<T>(Prim::kRint, {T(-0.5)})[0]));
  EXPECT_TRUE(std::signbit(unary<T>(Prim::kCeil, {T(-0.5)})[0]));
}

TYPED_TEST(Floats, DenormalsAreZeros) {
  using T = TypeParam;
  const T tiny = std::numeric_limits<T>::min(), denormal = std::numeric_limits<T>::denorm_min();
  EXPECT_EQ((pairs<T, T>(Prim::kMul, {tiny, -tiny}, {T(0.5), T(0.5)})), (Values<T>{0, 0}));
  EXPECT_TRUE(std::signbit(pairs<T, T>(Prim::kMul, {-tiny}, {T(0.5)})[0]));
  EXPECT_EQ((pairs<T, T>(Prim::kMul, {denormal}, {std::numeric_limits<T>::max()})[0]), 0);
  EXPECT_EQ((pairs<bool, T>(Prim::kEq, {denormal, -denormal}, {0, 0})), (Values<bool>{1, 1}));
  EXPECT_EQ((pairs<bool, T>(Prim::kLt, {0}, {denormal})[0]), 0);
  EXPECT_EQ((unary<T>(Prim::kCeil, {denormal})[0]), 0);
  EXPECT_EQ((unary<T>(Prim::kFloor, {-denormal})[0]), 0);
  EXPECT_EQ((converted<bool, T>({denormal})[0]), 0);
  EXPECT_EQ((at<T>([](Expr x, Expr y, Expr z) { return fma(x, y, z); }, denormal, T(1), T(0))), 0);
}

TYPED_TEST(Floats, Comparisons) {
  using T = TypeParam;
  const T nan = std::numeric_limits<T>::quiet_NaN();
  const Values<T> a{1, 2, 2, nan, 1, nan, T(0)}, b{2, 1, 2, 1, nan, nan, T(-0.0)};
  EXPECT_EQ((pairs<bool, T>(Prim::kEq, a, b)), (Values<bool>{0, 0, 1, 0, 0, 0, 1}));
  EXPECT_EQ((pairs<bool, T>(Prim::kNe, a, b)), (Values<bool>{1, 1, 0, 1, 1, 1, 0}));
  EXPECT_EQ((pairs<bool, T>(Prim::kLt, a, b)), (Values<bool>{1, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ((pairs<bool, T>(Prim::kLe, a, b)), (Values<bool>{1, 0, 1, 0, 0, 0, 1}));
}

TYPED_TEST(Floats, SignOperationsMoveOnlyTheSign) {
  using T = TypeParam;
  const Values<T> negated = unary<T>(Prim::kNeg, {0, T(-0.0), 3});
  EXPECT_TRUE(std::signbit(negated[0]));
  EXPECT_FALSE(std::signbit(negated[1]));
  EXPECT_EQ(negated[2], -3);
  EXPECT_FALSE(std::signbit(unary<T>(Prim::kAbs, {T(-0.0)})[0]));
  EXPECT_EQ((unary<T>(Prim::kAbs, {-INFINITY})[0]), INFINITY);
}

template <class T>
class Integers : public testing::Test {};
using IntegerTypes = testing::Types<int32_t, int64_t>;
TYPED_TEST_SUITE(Integers, IntegerTypes);

TYPED_TEST(Integers, Wrap) {
  using T = TypeParam;
  const T low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
  EXPECT_EQ((pairs<T, T>(Prim::kAdd, {high, 2}, {1, 3})), (Values<T>{low, 5}));
  EXPECT_EQ((pairs<T, T>(Prim::kSub, {low, 2}, {1, 3})), (Values<T>{high, -1}));
  EXPECT_EQ((pairs<T, T>(Prim::kMul, {high, low, -7}, {2, -1, 3})), (Values<T>{-2, low, -21}));
  EXPECT_EQ((unary<T>(Prim::kNeg, {low, 5})), (Values<T>{low, -5}));
  EXPECT_EQ((unary<T>(Prim::kAbs, {low, -5})), (Values<T>{low, 5}));
}

TYPED_TEST(Integers, DivisionNeverTraps) {
  using T = TypeParam;
  const T low = std::numeric_limits<T>::min();
  const Values<T> a{7, -7, 7, -7, 5, 0, low, low}, b{2, 2, -2, -2, 0, 0, -1, 0};
  EXPECT_EQ((pairs<T, T>(Prim::kIDiv, a, b)), (Values<T>{3, -3, -3, 3, 0, 0, low, 0}));
  EXPECT_EQ((pairs<T, T>(Prim::kIRem, a, b)), (Values<T>{1, -1, 1, -1, 5, 0, 0, low}));
}

TYPED_TEST(Integers, Shifts) {
  using T = TypeParam;
  constexpr T kBits = sizeof(T) * 8;
  const T low = std::numeric_limits<T>::min();
  const Values<T> x{-8, -8, -8, -8, 8}, count{1, kBits - 1, kBits, -1, kBits + 1};
  EXPECT_EQ((pairs<T, T>(Prim::kShl, {1, 1, 1, 1}, {3, kBits - 1, kBits, -1})), (Values<T>{8, low, 0, 0}));
  EXPECT_EQ((pairs<T, T>(Prim::kShrA, x, count)), (Values<T>{-4, -1, -1, -1, 0}));
  EXPECT_EQ((pairs<T, T>(Prim::kShrL, x, count)), (Values<T>{std::numeric_limits<T>::max() - 3, 1, 0, 0, 0}));
}

TYPED_TEST(Integers, Bitwise) {
  using T = TypeParam;
  const Values<T> a{0b1100}, b{0b1010};
  EXPECT_EQ((pairs<T, T>(Prim::kAnd, a, b)[0]), 0b1000);
  EXPECT_EQ((pairs<T, T>(Prim::kOr, a, b)[0]), 0b1110);
  EXPECT_EQ((pairs<T, T>(Prim::kXor, a, b)[0]), 0b0110);
  EXPECT_EQ((unary<T>(Prim::kNot, a)[0]), ~T(0b1100));
  EXPECT_EQ((pairs<bool, T>(Prim::kLt, {-1, 1}, {0, 0})), (Values<bool>{1, 0}));  // signed
}

TEST(Evaluate, MulHiU) {
  EXPECT_EQ((pairs<int32_t, int32_t>(Prim::kMulHiU, {-1, 0x10000, int32_t(0xD2511F53)}, {-1, 0x10000, 4})),
            (Values<int32_t>{-2, 1, 3}));
}

TEST(Evaluate, Bools) {
  const Values<bool> a{0, 0, 1, 1}, b{0, 1, 0, 1};
  EXPECT_EQ((pairs<bool, bool>(Prim::kAnd, a, b)), (Values<bool>{0, 0, 0, 1}));
  EXPECT_EQ((pairs<bool, bool>(Prim::kOr, a, b)), (Values<bool>{0, 1, 1, 1}));
  EXPECT_EQ((pairs<bool, bool>(Prim::kXor, a, b)), (Values<bool>{0, 1, 1, 0}));
  EXPECT_EQ((pairs<bool, bool>(Prim::kEq, a, b)), (Values<bool>{1, 0, 0, 1}));
  EXPECT_EQ((unary<bool>(Prim::kNot, a)), (Values<bool>{1, 1, 0, 0}));
}

TEST(Evaluate, FloatToIntegerSaturates) {
  const Values<float> x{1.9F, -1.9F, kNan, kInf, -kInf, 0x1p31F, -0x1p31F, 0x1p63F, -0x1p63F, 1e10F};
  EXPECT_EQ((converted<int32_t, float>(x)),
            (Values<int32_t>{1, -1, 0, kMax32, kMin32, kMax32, kMin32, kMax32, kMin32, kMax32}));
  EXPECT_EQ((converted<int64_t, float>(x)), (Values<int64_t>{1, -1, 0, kMax64, kMin64, int64_t{1} << 31,
                                                             -(int64_t{1} << 31), kMax64, kMin64, 10'000'000'000}));
  const Values<double> d{2147483647.5, -2147483648.5, -2147483649.0, 0x1p63, -0x1p63, 1e300};
  EXPECT_EQ((converted<int32_t, double>(d)), (Values<int32_t>{kMax32, kMin32, kMin32, kMax32, kMin32, kMax32}));
  EXPECT_EQ((converted<int64_t, double>(d)),
            (Values<int64_t>{2147483647, -2147483648, -2147483649, kMax64, kMin64, kMax64}));
}

TEST(Evaluate, OtherConversions) {
  EXPECT_EQ((converted<bool, float>({0, -0.0F, 0.5F, kNan})), (Values<bool>{0, 0, 1, 1}));
  EXPECT_EQ((converted<bool, int64_t>({0, 256, -1})), (Values<bool>{0, 1, 1}));
  EXPECT_EQ((converted<float, bool>({0, 1})), (Values<float>{0, 1}));
  EXPECT_EQ((converted<int32_t, int64_t>({-1, int64_t{1} << 32 | 5, int64_t{1} << 31})),
            (Values<int32_t>{-1, 5, kMin32}));
  EXPECT_EQ((converted<int64_t, int32_t>({-1, kMin32})), (Values<int64_t>{-1, kMin32}));
  EXPECT_EQ((converted<float, int64_t>({(int64_t{1} << 24) + 1, (int64_t{1} << 24) + 3, kMax64})),
            (Values<float>{0x1p24F, 0x1p24F + 4, 0x1p63F}));  // ties to even
  // Rounded once: through double this would give 2^60.
  EXPECT_EQ((converted<float, int64_t>({(int64_t{1} << 60) + (int64_t{1} << 36) + 1})[0]), 0x1.000002p60F);
  EXPECT_EQ((converted<float, double>({0.1, 1e300, 0x1p-130, -1e-300})), (Values<float>{0.1F, kInf, 0, 0}));
  EXPECT_EQ((converted<double, float>({0.1F})[0]), double{0.1F});
}

TEST(Evaluate, Bitcast) {
  EXPECT_EQ((evaluate_each<int32_t, float>([](Expr x) { return bitcast(x, kInt32); }, {-0.0F, 1})),
            (Values<int32_t>{kMin32, 0x3f800000}));
  EXPECT_EQ((evaluate_each<double, int64_t>([](Expr x) { return bitcast(x, kFloat64); }, {0x3ff0000000000000})[0]),
            1.0);
}

TEST(Evaluate, SelectDropsTheOtherSide) {
  const auto pick = [](Expr c, Expr x, Expr y) { return select(c, x, y); };
  EXPECT_EQ((evaluate_each<float, bool, float, float>(pick, {1, 0}, {1, kNan}, {kNan, 2})), (Values<float>{1, 2}));
  EXPECT_EQ((evaluate_each<bool, bool, bool, bool>(pick, {1, 0}, {1, 1}, {0, 0})), (Values<bool>{1, 0}));
}

TEST(Evaluate, StridesRootsAndOddCounts) {
  ExprGraph graph;
  const Expr x = argument(graph, 0, kFloat32), s = argument(graph, 1, kFloat32);
  graph.add_root((x * s).id);
  graph.add_root((x < s).id);
  graph.add_root(x.id);
  for (size_t count : {size_t{0}, size_t{1}, size_t{255}, size_t{256}, size_t{257}, size_t{1000}}) {
    std::vector<float> in(count), product(count), copy(count);
    std::vector<uint8_t> less(count);
    for (size_t i = 0; i < count; ++i) in[i] = static_cast<float>(i) - 300;
    const float scale = 3;
    const std::array<const std::byte*, 2> arguments{bytes_of(in), reinterpret_cast<const std::byte*>(&scale)};
    const std::array<int, 2> strides{1, 0};
    const std::array<std::byte*, 3> results{reinterpret_cast<std::byte*>(product.data()),
                                            reinterpret_cast<std::byte*>(less.data()),
                                            reinterpret_cast<std::byte*>(copy.data())};
    evaluate(graph, count, arguments, strides, results);
    for (size_t i = 0; i < count; ++i) {
      ASSERT_EQ(product[i], in[i] * 3);
      ASSERT_EQ(less[i], in[i] < 3 ? 1 : 0);
    }
    EXPECT_EQ(copy, in);
  }
}

TEST(Evaluate, MissingArgumentIsNoticed) {
  ExprGraph graph;
  graph.add_root(argument(graph, 1, kFloat32).id);
  const float x = 1;
  float y = 0;
  const std::array<const std::byte*, 1> arguments{reinterpret_cast<const std::byte*>(&x)};
  const std::array<int, 1> strides{0};
  std::byte* const out = reinterpret_cast<std::byte*>(&y);
  EXPECT_THROW(evaluate(graph, 1, arguments, strides, {&out, 1}), InternalError);
}

TEST(Evaluate, LeavesTheFloatingPointModeAlone) {
  const unsigned before = _mm_getcsr();
  (void)at<float>([](Expr x) { return exp(x); }, 1.0F);
  EXPECT_EQ(_mm_getcsr() & 0x8040, before & 0x8040);
  const FlushToZeroScope flush;
  EXPECT_EQ(_mm_getcsr() & 0x8040, 0x8040U);
}

}  // namespace
}  // namespace sinter::ir
