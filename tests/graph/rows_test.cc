// Every row: the typed reference against the oracle in each element type, special values, and what the facts promise.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <limits>

#include "ir/graph/row.h"
#include "ir/scalar/evaluate.h"
#include "tests/graph/testing.h"

namespace sinter::ir {
namespace {

using testing::literal;
using testing::values;

constexpr double kInf = std::numeric_limits<double>::infinity(), kNan = std::numeric_limits<double>::quiet_NaN();

class Rows : public ::testing::TestWithParam<Row> {};
class FloatRows : public ::testing::TestWithParam<Row> {};
class TraitRows : public ::testing::TestWithParam<Row> {};

template <class Predicate>
std::vector<Row> rows_where(Predicate predicate) {
  std::vector<Row> chosen;
  std::copy_if(rows().begin(), rows().end(), std::back_inserter(chosen), predicate);
  return chosen;
}
std::string name_of(const ::testing::TestParamInfo<Row>& row) { return std::string(row.param.name); }
INSTANTIATE_TEST_SUITE_P(All, Rows, ::testing::ValuesIn(rows().begin(), rows().end()), name_of);
INSTANTIATE_TEST_SUITE_P(All, FloatRows,
                         ::testing::ValuesIn(rows_where([](const Row& row) { return (row.dtypes & kFloats) != 0; })),
                         name_of);
INSTANTIATE_TEST_SUITE_P(All, TraitRows, ::testing::ValuesIn(rows_where([](const Row& row) {
                           return (row.dtypes & kFloats) != 0 && row.traits != kNoTraits;
                         })),
                         name_of);

Value apply(Builder& b, const Row& row, const std::vector<Value>& x) {
  return b.add(*find_op(row.name), NoAttributes{}, x);
}

// Units in the last place of T between two numbers; denormals count as zero and all NaNs are equal.
template <class T>
double distance(T a, T b) {
  const auto flushed = [](T x) { return std::fpclassify(x) == FP_SUBNORMAL ? T{0} : x; };
  a = flushed(a);
  b = flushed(b);
  if (a == b || (std::isnan(a) && std::isnan(b))) return 0;
  if (!std::isfinite(a) || !std::isfinite(b)) return kInf;
  const T size = std::max(std::abs(a), std::abs(b));
  const T unit = size - std::nextafter(size, T{0});
  return static_cast<double>(std::abs(a - b) / std::max(unit, std::numeric_limits<T>::min()));
}

// What docs/numerics.md allows: correct rounding for arithmetic, a few units for functions.
double allowed(const Row& row) { return row.cost < 15 ? 0 : row.name == "rsqrt" ? 1.5 : 4; }

// Random numbers of the row's domain; `special` adds what is special about floats.
Literal sample(const Row& row, size_t position, size_t count, bool special, std::mt19937_64& random) {
  const Domain domain = row.sample[position];
  Literal x = testing::random({static_cast<int64_t>(count)}, random, domain.low, domain.high);
  if (!special) return x;
  const std::vector<double> kSpecials{0.0, -0.0, kInf, -kInf, kNan,  1.0, -1.0, 0.5,
                                      2.5, -2.5, 1e30, -1e30, 1e-30, 100, -100, 3e4};
  for (size_t i = 0; i < count; ++i)
    x.view<double>()[i] = kSpecials[(position == 0 ? i : i / kSpecials.size()) % kSpecials.size()];
  // Beyond this, sine and cosine of f32 mean nothing (docs/math_errors.md).
  if (row.name == "sin" || row.name == "cos")
    for (double& element : x.view<double>())
      if (std::isfinite(element)) element = std::clamp(element, -1e5, 1e5);
  return x;
}

template <class T>
Literal as(const Literal& x) {
  return from_oracle(x, dtype_of<T>);
}

template <class T>
void compare_floats(const Row& row, bool special) {
  std::mt19937_64 random(7);
  std::vector<Literal> exact, typed;
  for (size_t k = 0; k < static_cast<size_t>(row.arity); ++k) {
    if (row.signature == Signature::kSelect && k == 0) {
      Literal condition = Literal::zeros({kBool, {1024}});
      for (bool& c : condition.view<bool>()) c = random() % 2 == 0;
      exact.push_back(condition);
    } else {
      exact.push_back(to_oracle(as<T>(sample(row, k, 1024, special, random))));
    }
    typed.push_back(as<T>(exact.back()));
  }
  const auto make = [&](Builder& b, const std::vector<Value>& x) { return apply(b, row, x); };
  const Literal expected = testing::run(exact, Arithmetic::kOracle, make),
                given = testing::run(typed, Arithmetic::kTyped, make);
  const auto describe = [&](size_t i) {
    std::string text = fmt::format("{} {}", row.name, name(dtype_of<T>));
    for (const Literal& x : exact)
      if (x.type.dtype == kFloat64) text += fmt::format(" {}", x.view<double>()[i]);
    return text;
  };
  if (given.type.dtype == kBool || given.type.dtype == kInt64) {
    EXPECT_EQ(given.bytes, expected.bytes) << row.name;
    return;
  }
  double worst = 0;
  for (size_t i = 0; i < 1024; ++i) {
    const double ulps = given.type.dtype == kFloat32
                            ? distance<float>(given.view<float>()[i], static_cast<float>(expected.view<double>()[i]))
                            : distance<double>(given.view<double>()[i], expected.view<double>()[i]);
    worst = std::max(worst, ulps);
    ASSERT_LE(ulps, allowed(row)) << describe(i) << " gives "
                                  << (given.type.dtype == kFloat32 ? given.view<float>()[i] : given.view<double>()[i])
                                  << ", expected " << expected.view<double>()[i];
  }
  ::testing::Test::RecordProperty(fmt::format("ulps_{}", name(dtype_of<T>)), fmt::format("{}", worst));
}

TEST_P(FloatRows, TypedFloatsAgreeWithTheOracle) {
  const Row& row = GetParam();
  compare_floats<float>(row, false);
  compare_floats<double>(row, false);
}

TEST_P(FloatRows, SpecialFloatsAgreeWithTheOracle) {
  const Row& row = GetParam();
  compare_floats<float>(row, true);
  compare_floats<double>(row, true);
}

TEST_P(Rows, IntegersAndBoolsAreExact) {
  const Row& row = GetParam();
  constexpr int64_t kLow = std::numeric_limits<int64_t>::min(), kHigh = std::numeric_limits<int64_t>::max();
  const std::vector<int64_t> kNumbers{
      0, 1, -1, 2, 7, -7, 63, 64, 65, 1000, kLow, kHigh, kLow + 1, int64_t{1} << 53, (int64_t{1} << 53) + 1};
  std::vector<int64_t> first, second;
  for (int64_t x : kNumbers)
    for (int64_t y : kNumbers) {
      first.push_back(x);
      second.push_back(y);
    }
  const Shape shape{static_cast<int64_t>(first.size())};
  std::vector<bool> bits;
  for (size_t i = 0; i < first.size(); ++i) bits.push_back(i % 3 == 0);
  const auto make = [&](Builder& b, const std::vector<Value>& x) { return apply(b, row, x); };
  const auto check = [&](const Literal& x, const Literal& y) {
    std::vector<Literal> inputs{x, y};
    if (row.signature == Signature::kSelect) inputs.insert(inputs.begin(), literal<bool>(shape, bits));
    inputs.resize(static_cast<size_t>(row.arity));
    const Literal expected = testing::run(inputs, Arithmetic::kOracle, make),
                  given = testing::run(inputs, Arithmetic::kTyped, make);
    EXPECT_EQ(from_oracle(expected, given.type.dtype), given) << row.name << " on " << to_string(x.type);
  };
  if (row.dtypes & kIntegers) check(literal<int64_t>(shape, first), literal<int64_t>(shape, second));
  if (row.dtypes & kBools) {
    std::vector<bool> x, y;
    for (size_t i = 0; i < first.size(); ++i) {
      x.push_back(i % 2 == 0);
      y.push_back(i % 4 < 2);
    }
    check(literal<bool>(shape, x), literal<bool>(shape, y));
  }
}

TEST_P(Rows, HasTheFunctionsOfItsDTypes) {
  const Row& row = find_row(GetParam().name);
  EXPECT_EQ(row.on_double != nullptr, (row.dtypes & kFloats) != 0);
  EXPECT_EQ(row.on_int != nullptr, (row.dtypes & (kIntegers | kBools)) != 0);
  EXPECT_FALSE(row.doc.empty());
  EXPECT_GE(row.cost, 1);
  for (DType dtype : {kBool, kInt64, kFloat32, kFloat64}) {
    if (!(row.dtypes & (is_float(dtype) ? kFloats : dtype == kBool ? kBools : kIntegers))) continue;
    const ExprGraph& code = expression(row, dtype);
    ASSERT_EQ(code.roots().size(), 1U);
    EXPECT_EQ(&code, &expression(row, dtype));
    std::vector<Type> operands(static_cast<size_t>(row.arity), Type{dtype, {3}});
    if (row.signature == Signature::kSelect) operands[0].dtype = kBool;
    const Type result =
        testing::infer(operands, [&](Builder& b, const std::vector<Value>& x) { return apply(b, row, x); });
    EXPECT_EQ(code[code.roots()[0]].dtype, result.dtype) << name(dtype);
    EXPECT_EQ(result.shape, Shape{3});
  }
}

TEST_P(TraitRows, AreKept) {
  const Row& row = GetParam();
  const std::vector<double> kNumbers{0.0, -0.0, 1.5, -2.5, kInf, -kInf, kNan, 1e30};
  const auto same = [](double a, double b) {
    return (std::isnan(a) && std::isnan(b)) || std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
  };
  const auto f = [&](double a, double b) {
    const double x[] = {a, b};
    return row.on_double(x);
  };
  const auto has = [&](Traits trait) { return (row.traits & trait) != 0; };
  for (double x : kNumbers) {
    if (has(kIdempotent)) {
      EXPECT_TRUE(row.arity == 1 ? same(f(f(x, 0), 0), f(x, 0)) : same(f(x, x), x)) << x;
    }
    if (row.arity != 2) continue;
    for (double y : kNumbers) {
      EXPECT_TRUE(!has(kCommutative) || same(f(x, y), f(y, x))) << x << " " << y;
      for (double z : kNumbers)
        EXPECT_TRUE(!has(kAssociative) || same(f(f(x, y), z), f(x, f(y, z)))) << x << " " << y << " " << z;
    }
  }
}

// One element through the typed reference in f32.
float f32(std::string_view row, const std::vector<float>& x) {
  std::vector<Literal> inputs;
  for (float element : x) inputs.push_back(Literal::scalar(element));
  return testing::run(inputs, Arithmetic::kTyped,
                      [&](Builder& b, const std::vector<Value>& v) { return b.add(*find_op(row), NoAttributes{}, v); })
      .view<float>()[0];
}

TEST(RowValues, NanZeroAndTies) {
  const auto nan = static_cast<float>(kNan);
  EXPECT_TRUE(std::isnan(f32("maximum", {nan, 1})));
  EXPECT_TRUE(std::isnan(f32("maximum", {1, nan})));
  EXPECT_TRUE(std::isnan(f32("minimum", {1, nan})));
  EXPECT_FALSE(std::signbit(f32("maximum", {-0.0f, 0.0f})));
  EXPECT_FALSE(std::signbit(f32("maximum", {0.0f, -0.0f})));
  EXPECT_TRUE(std::signbit(f32("minimum", {0.0f, -0.0f})));
  EXPECT_TRUE(std::isnan(f32("relu", {nan})));
  EXPECT_FALSE(std::signbit(f32("relu", {-0.0f})));
  EXPECT_EQ(f32("sign", {nan}), 0);
  EXPECT_EQ(f32("round", {2.5f}), 2);
  EXPECT_EQ(f32("round", {-3.5f}), -4);
  EXPECT_EQ(f32("sigmoid", {-200}), 0);
  EXPECT_EQ(f32("sigmoid", {200}), 1);
}

TEST(RowValues, DenormalsAreZero) {
  EXPECT_EQ(f32("mul", {1e-30f, 1e-30f}), 0);
  EXPECT_EQ(f32("mul", {1e-40f, 1e30f}), 0);
  EXPECT_EQ(f32("add", {1e-40f, 0}), 0);
}

TEST(RowValues, FloatsToIntegersSaturate) {
  const Literal x = literal<float>({6}, {-2.9f, 2.9f, 1e30f, -1e30f, std::nanf(""), 0x1.fffffep+62f});
  const auto make = [](Builder& b, const std::vector<Value>& v) { return convert(b, v[0], kInt64); };
  constexpr int64_t kLow = std::numeric_limits<int64_t>::min(), kHigh = std::numeric_limits<int64_t>::max();
  EXPECT_THAT(values<int64_t>(testing::run({x}, Arithmetic::kTyped, make)),
              ::testing::ElementsAre(-2, 2, kHigh, kLow, 0, 9223371487098961920));
}

}  // namespace
}  // namespace sinter::ir
