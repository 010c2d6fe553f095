// Kernels with reductions, interpreted and compared with plain loops in order R.
#include <limits>

#include "ir/scalar/evaluate.h"
#include "tests/loops/run_kernel.h"

namespace sinter::loops {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Order R as docs/numerics.md words it, for a level of elements.
float level_sum(const std::vector<float>& x) {
  float lanes[16] = {};
  for (size_t i = 0; i < x.size(); ++i) lanes[i % 16] = lanes[i % 16] + x[i];
  for (size_t half : {8u, 4u, 2u, 1u})
    for (size_t l = 0; l < half; ++l) lanes[l] = lanes[l] + lanes[l + half];
  return lanes[0];
}

float canonical_sum(const std::vector<float>& x) {
  std::vector<float> blocks;
  for (size_t at = 0; at < x.size(); at += 4096) {
    const auto end = std::min(x.size(), at + 4096);
    blocks.push_back(level_sum({x.begin() + static_cast<ptrdiff_t>(at), x.begin() + static_cast<ptrdiff_t>(end)}));
  }
  return level_sum(blocks);
}

float apply_row(std::string_view name, float a, float b = 0) {
  const ir::Row& row = ir::find_row(name);
  float result = 0;
  const std::byte* arguments[] = {reinterpret_cast<std::byte*>(&a), reinterpret_cast<std::byte*>(&b)};
  const int strides[] = {0, 0};
  std::byte* results[] = {reinterpret_cast<std::byte*>(&result)};
  const auto arity = static_cast<size_t>(row.arity);
  ir::evaluate(ir::expression(row, kFloat32), 1, std::span(arguments).first(arity), std::span(strides).first(arity),
               results);
  return result;
}

class SumOfLength : public testing::TestWithParam<int> {};

TEST_P(SumOfLength, FollowsOrderR) {
  const auto n = static_cast<size_t>(GetParam());
  const Kernel kernel = good_kernel(R"(
    kernel @k(%x: f32[s1] in, %y: f32[3] out) symbols(2) {
      for i0 < 3 {
        pass j1 < s0 {
          %0 = load f32 %x[s0*i0 + j1]
          %1 = reduce sum f32 %0
        }
        pass {
          store f32 %y[i0], %1
        }
      }
    })");
  auto x = scattered<float>(3 * n);
  std::vector<float> y(3), expected;
  for (size_t i = 0; i < 3; ++i)
    expected.push_back(
        canonical_sum({x.begin() + static_cast<ptrdiff_t>(i * n), x.begin() + static_cast<ptrdiff_t>((i + 1) * n)}));
  run_kernel(kernel, {GetParam(), 3 * GetParam()}, x, y);
  expect_same(y, expected);
}

INSTANTIATE_TEST_SUITE_P(Lengths, SumOfLength,
                         testing::Values(0, 1, 2, 7, 15, 16, 17, 33, 100, 128, 129, 255, 256, 257, 1000, 4095, 4096,
                                         4097, 8192, 70000));

TEST(Reduction, RowSoftmax) {
  const Kernel kernel = good_kernel(R"(
    kernel @softmax(%x: f32[4000] in, %y: f32[4000] out) schedule(vector = inner) {
      for i0 < 40 {
        pass j1 < 100 {
          %0 = load f32 %x[100*i0 + j1]
          %1 = reduce max f32 %0
        }
        pass j1 < 100 {
          %2 = load f32 %x[100*i0 + j1]
          %3 = sub f32 %2, %1
          %4 = exp f32 %3
          %5 = reduce sum f32 %4
        }
        pass j1 < 100 {
          %6 = load f32 %x[100*i0 + j1]
          %7 = sub f32 %6, %1
          %8 = exp f32 %7
          %9 = div f32 %8, %5
          store f32 %y[100*i0 + j1], %9
        }
      }
    })");
  auto x = scattered<float>(4000);
  std::vector<float> y(4000), expected;
  for (size_t i = 0; i < 40; ++i) {
    const auto row = x.begin() + static_cast<ptrdiff_t>(100 * i);
    const float top = *std::max_element(row, row + 100);
    std::vector<float> exps;
    for (size_t j = 0; j < 100; ++j) exps.push_back(apply_row("exp", row[static_cast<ptrdiff_t>(j)] - top));
    const float sum = canonical_sum(exps);
    for (const float e : exps) expected.push_back(e / sum);
  }
  run_kernel(kernel, {}, x, y);
  expect_same(y, expected);
  EXPECT_NEAR(
      y[5],
      std::exp(x[5]) /
          [&] {
            double sum = 0;
            for (size_t j = 0; j < 100; ++j) sum += std::exp(x[j]);
            return sum;
          }(),
      1e-6);
}

TEST(Reduction, ColumnsOverTwoRanges) {
  const Kernel kernel = good_kernel(R"(
    kernel @k(%x: f32[6000] in, %y: f32[30] inout) {
      for i0 < 30 {
        pass j1 < 10, j2 < 20 {
          %0 = load f32 %x[600*j1 + 30*j2 + i0]
          %1 = reduce sum f32 %0
        }
        pass {
          %2 = load f32 %y[i0]
          %3 = add f32 %2, %1
          store f32 %y[i0], %3
        }
      }
    })");
  auto x = scattered<float>(6000), y = scattered<float>(30, 5), expected = y;
  for (size_t i = 0; i < 30; ++i) {
    std::vector<float> column;
    for (size_t j = 0; j < 200; ++j) column.push_back(x[30 * j + i]);
    expected[i] += canonical_sum(column);
  }
  run_kernel(kernel, {}, x, y);
  expect_same(y, expected);
}

TEST(Reduction, SeveralInOnePass) {
  const Kernel kernel = good_kernel(R"(
    kernel @k(%x: f64[999] in, %t: i64[999] in, %y: f64[1] out, %z: i64[2] out) {
      pass j0 < 999 {
        %0 = load f64 %x[j0]
        %1 = reduce min f64 %0
        %2 = load i64 %t[j0]
        %3 = reduce sum i64 %2
        %4 = reduce max i64 %2
      }
      pass {
        store f64 %y[0], %1
        store i64 %z[0], %3
        store i64 %z[1], %4
      }
    })");
  auto x = scattered<double>(999);
  std::vector<int64_t> t(999), z(2);
  int64_t sum = 0;
  for (size_t i = 0; i < t.size(); ++i) sum += t[i] = static_cast<int64_t>(i * 37 % 501) - 250;
  std::vector<double> y(1);
  run_kernel(kernel, {}, x, t, y, z);
  EXPECT_EQ(y[0], *std::min_element(x.begin(), x.end()));
  EXPECT_EQ(z[0], sum);
  EXPECT_EQ(z[1], 250);
}

TEST(Reduction, MaxPropagatesNan) {
  const Kernel kernel = good_kernel(R"(
    kernel @k(%x: f32[40] in, %y: f32[2] out) {
      for i0 < 2 {
        pass j1 < 20 {
          %0 = load f32 %x[20*i0 + j1]
          %1 = reduce max f32 %0
        }
        pass {
          store f32 %y[i0], %1
        }
      }
    })");
  auto x = scattered<float>(40);
  x[7] = kNan;
  std::vector<float> y(2);
  run_kernel(kernel, {}, x, y);
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_EQ(y[1], *std::max_element(x.begin() + 20, x.end()));
}

TEST(Reduction, ArgmaxTakesTheFirstAndNanIsLargest) {
  const Kernel kernel = good_kernel(R"(
    kernel @k(%x: f32[2000] in, %y: i64[4] out) {
      for i0 < 4 {
        pass j1 < 500 {
          %0 = load f32 %x[500*i0 + j1]
          %1 = index i64 j1
          %2 = argmax i64 %0, %1
        }
        pass {
          store i64 %y[i0], %2
        }
      }
    })");
  auto x = scattered<float>(2000);
  x[300] = x[17] = 9.0f;                      // row 0: a tie
  x[500 + 400] = 9.0f;                        // row 1: behind the first chunk
  x[1000 + 99] = kNan, x[1000 + 300] = kNan;  // row 2: two NaNs
  x[1000 + 3] = std::numeric_limits<float>::infinity();
  std::fill_n(x.begin() + 1500, 500, -std::numeric_limits<float>::infinity());  // row 3: nothing above another
  std::vector<int64_t> y(4);
  run_kernel(kernel, {}, x, y);
  EXPECT_EQ(y, (std::vector<int64_t>{17, 400, 99, 0}));
}

TEST(Reduction, ArgmaxOfNothingIsAnError) {
  const Kernel kernel = good_kernel(R"(
    kernel @k(%x: f32[8] in, %y: i64[1] out) symbols(1) {
      pass j0 < s0 {
        %0 = load f32 %x[j0]
        %1 = index i64 j0
        %2 = argmax i64 %0, %1
      }
      pass {
        store i64 %y[0], %2
      }
    })");
  auto x = scattered<float>(8);
  std::vector<int64_t> y(1);
  EXPECT_THROW(run_kernel(kernel, {0}, x, y), InternalError);
  run_kernel(kernel, {1}, x, y);
}

TEST(Reduction, DotWithEpilogue) {
  const Kernel kernel = good_kernel(R"(
    kernel @dot(%a: f32[3150] in, %b: f32[9450] in, %bias: f32[21] in, %c: f32[147] out)
        schedule(vector = i1, tile_rows = 4, tile_columns = 16, block_k = 256) {
      for i0 < 7, i1 < 21 {
        pass j2 < 450 {
          %0 = load f32 %a[450*i0 + j2]
          %1 = load f32 %b[21*j2 + i1]
          %2 = dot f32 %0, %1
        }
        pass {
          %3 = load f32 %bias[i1]
          %4 = add f32 %2, %3
          %5 = relu f32 %4
          store f32 %c[21*i0 + i1], %5
        }
      }
    })");
  EXPECT_TRUE(kernel.is_dot());
  auto a = scattered<float>(3150), b = scattered<float>(9450, 2), bias = scattered<float>(21, 3);
  std::vector<float> c(147), expected;
  for (size_t i = 0; i < 7; ++i) {
    for (size_t j = 0; j < 21; ++j) {
      float sum = 0;
      for (size_t k = 0; k < 450; ++k) sum = std::fma(a[450 * i + k], b[21 * k + j], sum);
      expected.push_back(std::max(sum + bias[j], 0.0f));
    }
  }
  run_kernel(kernel, {}, a, b, bias, c);
  expect_same(c, expected);
}

}  // namespace
}  // namespace sinter::loops
