// The canonical order of reductions, pinned by an independent implementation; special values; and dot's order.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "ir/scalar/evaluate.h"
#include "tests/graph/testing.h"

namespace sinter::ir {
namespace {

using testing::literal;
using Values = std::vector<Value>;

Literal typed(const Literal& x, std::string_view combiner, const Integers& axes) {
  return testing::run({x}, Arithmetic::kTyped,
                      [&](Builder& b, const Values& v) { return reduce(b, combiner, v[0], axes); });
}

// Order R as HELPERS and docs/numerics.md say it, written out for sums of float.
float tree(float lanes[16]) {
  for (int i = 0; i < 8; ++i) lanes[i] = lanes[i] + lanes[i + 8];
  for (int i = 0; i < 4; ++i) lanes[i] = lanes[i] + lanes[i + 4];
  lanes[0] = lanes[0] + lanes[2];
  lanes[1] = lanes[1] + lanes[3];
  return lanes[0] + lanes[1];
}

float canonical_sum(const float* x, int n) {
  float outer[16] = {};
  for (int block = 0; block * 4096 < n; ++block) {
    float lanes[16] = {};
    for (int i = 0; i < 4096 && block * 4096 + i < n; ++i) lanes[i & 15] += x[block * 4096 + i];
    outer[block & 15] += tree(lanes);
  }
  return tree(outer);
}

std::vector<float> noise(size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> x(count);
  for (float& element : x) element = normal(random) * 1000;
  return x;
}

TEST(OrderR, SumsOfEveryLength) {
  for (int n : {0, 1, 2, 15, 16, 17, 100, 4095, 4096, 4097, 10000, 70000, 4096 * 17 + 5}) {
    const std::vector<float> x = noise(static_cast<size_t>(n), 1);
    EXPECT_EQ(typed(literal<float>({n}, x), "sum", {0}).view<float>()[0], canonical_sum(x.data(), n)) << n;
  }
}

TEST(OrderR, IsNotAPlainSum) {
  const std::vector<float> x = noise(70000, 1);
  float plain = 0;
  for (float element : x) plain += element;
  EXPECT_NE(canonical_sum(x.data(), 70000), plain);
}

TEST(OrderR, NumbersTheReducedAxesRowMajor) {
  // [3, 50, 2, 40] over axes 0, 1 and 3: for each kept index the elements in order of (axis 0, axis 1, axis 3).
  const std::vector<float> x = noise(3 * 50 * 2 * 40, 2);
  const Literal sums = typed(literal<float>({3, 50, 2, 40}, x), "sum", {0, 1, 3});
  for (size_t kept = 0; kept < 2; ++kept) {
    std::vector<float> chosen;
    for (size_t i = 0; i < 3; ++i)
      for (size_t j = 0; j < 50; ++j)
        for (size_t k = 0; k < 40; ++k) chosen.push_back(x[((i * 50 + j) * 2 + kept) * 40 + k]);
    EXPECT_EQ(sums.view<float>()[kept], canonical_sum(chosen.data(), static_cast<int>(chosen.size())));
  }
}

TEST(OrderR, LeadingAxisIsSummedInTheSameOrder) {
  const std::vector<float> x = noise(5000 * 3, 3);
  const Literal sums = typed(literal<float>({5000, 3}, x), "sum", {0});
  for (size_t column = 0; column < 3; ++column) {
    std::vector<float> chosen;
    for (size_t i = 0; i < 5000; ++i) chosen.push_back(x[i * 3 + column]);
    EXPECT_EQ(sums.view<float>()[column], canonical_sum(chosen.data(), 5000));
  }
}

TEST(Reductions, OfNothing) {
  EXPECT_EQ(typed(literal<float>({0}, {}), "sum", {0}).view<float>()[0], 0);
  EXPECT_EQ(typed(literal<float>({0}, {}), "prod", {0}).view<float>()[0], 1);
  EXPECT_EQ(typed(literal<float>({2, 0}, {}), "sum", {1}), literal<float>({2}, {0, 0}));
  EXPECT_EQ(typed(literal<int64_t>({0}, {}), "prod", {0}).view<int64_t>()[0], 1);
}

TEST(Reductions, SignsOfZeroAndNan) {
  EXPECT_FALSE(std::signbit(typed(literal<float>({2}, {-0.0f, -0.0f}), "sum", {0}).view<float>()[0]));
  EXPECT_FALSE(std::signbit(typed(literal<float>({2}, {-0.0f, 0.0f}), "max", {0}).view<float>()[0]));
  EXPECT_TRUE(std::signbit(typed(literal<float>({2}, {0.0f, -0.0f}), "min", {0}).view<float>()[0]));
  const float nan = std::nanf("");
  EXPECT_TRUE(std::isnan(typed(literal<float>({3}, {1, nan, 2}), "max", {0}).view<float>()[0]));
  EXPECT_TRUE(std::isnan(typed(literal<float>({3}, {nan, 1, 2}), "min", {0}).view<float>()[0]));
  EXPECT_EQ(typed(literal<float>({2}, {-INFINITY, -INFINITY}), "max", {0}).view<float>()[0], -INFINITY);
}

TEST(Reductions, DenormalsAreFlushed) {
  EXPECT_EQ(typed(literal<float>({2}, {1e-39f, 1e-39f}), "sum", {0}).view<float>()[0], 0);
  EXPECT_EQ(typed(literal<float>({2}, {1e-20f, 1e-20f}), "prod", {0}).view<float>()[0], 0);
}

TEST(Reductions, IntegersWrap) {
  constexpr int64_t kHigh = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(typed(literal<int64_t>({3}, {kHigh, 1, 5}), "sum", {0}).view<int64_t>()[0],
            std::numeric_limits<int64_t>::min() + 5);
  EXPECT_EQ(typed(literal<int64_t>({2}, {kHigh, -kHigh}), "max", {0}).view<int64_t>()[0], kHigh);
}

TEST(Reductions, OracleIsAPlainSumInDouble) {
  const Literal x = literal<double>({3}, {1e16, 1, 1});
  const Literal sum =
      testing::run({x}, Arithmetic::kOracle, [](Builder& b, const Values& v) { return reduce(b, "sum", v[0], {0}); });
  EXPECT_EQ(sum.view<double>()[0], 1e16 + 1 + 1);
}

TEST(Argmax, LowestAmongEqualsAndNanLargest) {
  const float nan = std::nanf("");
  const Literal x = literal<float>({3, 4}, {1, 7, 7, 2, nan, 9, nan, 1, -5, -INFINITY, -5, -6});
  const auto argmax_of = [&](int64_t axis) {
    return testing::run({x}, Arithmetic::kTyped, [&](Builder& b, const Values& v) { return argmax(b, v[0], axis); });
  };
  EXPECT_EQ(argmax_of(1), literal<int64_t>({3}, {1, 0, 0}));
  EXPECT_EQ(argmax_of(0), literal<int64_t>({4}, {1, 1, 1, 0}));
}

TEST(Dot, FoldsAscendingKWithFma) {
  const std::vector<float> a = noise(2 * 5 * 300, 4), b = noise(2 * 300 * 7, 5);
  const Literal product =
      testing::run({literal<float>({2, 5, 300}, a), literal<float>({2, 300, 7}, b)}, Arithmetic::kTyped,
                   [](Builder& builder, const Values& v) { return dot(builder, v[0], v[1]); });
  size_t at = 0;
  for (size_t batch = 0; batch < 2; ++batch)
    for (size_t i = 0; i < 5; ++i)
      for (size_t j = 0; j < 7; ++j) {
        float sum = 0;
        for (size_t k = 0; k < 300; ++k)
          sum = std::fma(a[(batch * 5 + i) * 300 + k], b[(batch * 300 + k) * 7 + j], sum);
        ASSERT_EQ(product.view<float>()[at++], sum);
      }
}

TEST(Dot, OfNoDepthIsZero) {
  const auto make = [](Builder& b, const Values& v) { return dot(b, v[0], v[1]); };
  EXPECT_EQ(testing::run({literal<float>({2, 0}, {}), literal<float>({0, 1}, {})}, Arithmetic::kTyped, make),
            literal<float>({2, 1}, {0, 0}));
  EXPECT_EQ(
      testing::run({literal<float>({2, 3}, {1, 2, 3, 4, 5, 6}), literal<float>({3, 0}, {})}, Arithmetic::kTyped, make),
      literal<float>({2, 0}, {}));
}

TEST(Dot, FlushesDenormals) {
  const auto make = [](Builder& b, const Values& v) { return dot(b, v[0], v[1]); };
  EXPECT_EQ(
      testing::run({literal<float>({1, 1}, {1e-30f}), literal<float>({1, 1}, {1e-10f})}, Arithmetic::kTyped, make),
      literal<float>({1, 1}, {0}));
}

}  // namespace
}  // namespace sinter::ir
