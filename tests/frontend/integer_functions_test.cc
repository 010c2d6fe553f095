// Functions that leave integers integers: types and values are PyTorch's, exact beyond what floats hold, in both
// engines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/frontend/compare.h"

namespace sinter {
namespace {

constexpr int64_t kLow = std::numeric_limits<int64_t>::min(), kHigh = std::numeric_limits<int64_t>::max();

void expect(const Function& f, const std::vector<Tensor>& inputs, const Tensor& expected, const std::string& what) {
  EXPECT_TRUE(same_bits(f(inputs), expected)) << what;
  EXPECT_TRUE(same_bits(jit([&](const std::vector<Tensor>& x) { return f(x); })(inputs), expected)) << what << ", jit";
}

TEST(IntegerFunctions, RoundingIsTheNumberItself) {
  const Tensor x = tensor({int64_t{0}, int64_t{-7}, (int64_t{1} << 53) + 1, kLow, kHigh, kLow + 1});
  expect([](auto& v) { return floor(v[0]); }, {x}, x, "floor");
  expect([](auto& v) { return ceil(v[0]); }, {x}, x, "ceil");
  expect([](auto& v) { return round(v[0]); }, {x}, x, "round");
}

TEST(IntegerFunctions, PowersAreExact) {
  struct Power {
    int64_t base, exponent, value;
  };
  // The values are PyTorch's.
  const std::vector<Power> powers{
      {3, 4, 81},
      {7, 3, 343},
      {-3, 5, -243},
      {2, 62, int64_t{1} << 62},
      {2, 63, kLow},
      {2, 64, 0},
      {2, kHigh, 0},
      {7, 22, 3909821048582988049},
      {0, 0, 1},
      {0, 5, 0},
      {0, -1, 0},
      {2, -1, 0},
      {1, -9, 1},
      {-1, -3, -1},
      {-1, -4, 1},
      {-1, kLow, 1},
      {1, kLow, 1},
      {-1, kHigh, -1},
      {5, kLow, 0},
      {kLow, 1, kLow},
      {kLow, 2, 0},
      {kHigh, 2, 1},
      {kHigh, -1, 0},
      {3, 40, -6289078614652622815},
      {10, 18, 1000000000000000000},
      {7, 23, 8922003266371364727},
      {9, 20, -6289078614652622815},
  };
  std::vector<int64_t> bases, exponents, values;
  for (const Power& power : powers) {
    bases.push_back(power.base);
    exponents.push_back(power.exponent);
    values.push_back(power.value);
    if (power.exponent < 0) continue;
    const auto f = [&](auto& v) { return pow(v[0], power.exponent); };
    expect(f, {tensor({power.base})}, tensor({power.value}), fmt::format("{} to the {}", power.base, power.exponent));
  }
  const Tensor base = tensor(bases), exponent = tensor(exponents), value = tensor(values);
  expect([](auto& v) { return pow(v[0], v[1]); }, {base, exponent}, value, "tensors");
  expect([](auto& v) { return pow(v[0].unsqueeze(1), v[1]); }, {base, tensor(int64_t{3})},
         (base * base * base).unsqueeze(1), "an exponent without axes");
}

TEST(IntegerFunctions, PowersOfMixedTypes) {
  const Tensor whole = tensor({2, 3}), real = tensor({0.5, 2.}), truth = tensor({true, false});
  EXPECT_EQ(pow(whole, real).dtype(), kFloat32);
  EXPECT_EQ(pow(real, whole).dtype(), kFloat32);
  EXPECT_EQ(pow(whole, 2.5).dtype(), kFloat32);
  EXPECT_EQ(pow(whole, truth).dtype(), kInt64);
  expect([](auto& v) { return pow(v[0], 2); }, {truth}, tensor({1, 0}), "bool to a number");
  expect([](auto& v) { return pow(v[0], 0); }, {truth}, tensor({1, 1}), "bool to 0");
  expect([](auto& v) { return pow(v[0], v[1]); }, {truth, whole}, tensor({1, 0}), "bool to integers");
}

TEST(IntegerFunctions, ANegativeNumberAsExponentIsAnError) {
  const Tensor x = tensor({2, 3});
  EXPECT_THAT(
      [&] { (void)pow(x, -2); },
      testing::ThrowsMessage<ValueError>(testing::HasSubstr("pow: argument 2 is -2, expected 0 or more for integers")));
}

}  // namespace
}  // namespace sinter
