// Kernels without reductions, interpreted and compared with plain loops.
#include <numeric>

#include "ir/scalar/philox.h"
#include "tests/loops/run_kernel.h"

namespace sinter::loops {
namespace {

TEST(Interpret, Elementwise) {
  const Kernel kernel = good_kernel(R"(
    kernel @k(%x: f32[1000] in, %y: f32[1000] in, %z: f32[1000] out) {
      for i0 < 1000 {
        pass {
          %0 = load f32 %x[i0]
          %1 = load f32 %y[i0]
          %2 = constant f32 0.1
          %3 = mul f32 %0, %1
          %4 = add f32 %3, %2
          %5 = lt bool %0, %1
          %6 = select f32 %5, %4, %0
          store f32 %z[i0], %6
        }
      }
    })");
  auto x = scattered<float>(1000), y = scattered<float>(1000, 2), z = std::vector<float>(1000), expected = z;
  for (size_t i = 0; i < x.size(); ++i) {
    const float product = x[i] * y[i];
    expected[i] = x[i] < y[i] ? product + 0.1f : x[i];
  }
  run_kernel(kernel, {}, x, y, z);
  expect_same(z, expected);
}

TEST(Interpret, DenormalsAreFlushed) {
  const Kernel kernel = good_kernel(R"(
    kernel @k(%x: f32[2] in, %y: f32[2] out) {
      for i0 < 2 {
        pass {
          %0 = load f32 %x[i0]
          %1 = add f32 %0, %0
          store f32 %y[i0], %1
        }
      }
    })");
  std::vector<float> x{1e-40f, 1.0f}, y(2);
  run_kernel(kernel, {}, x, y);
  expect_same(y, {0.0f, 2.0f});
}

TEST(Interpret, TransposedViewThroughInnerRanges) {
  const Kernel kernel = good_kernel(R"(
    kernel @k(%x: f64[85] in, %y: f64[60] out) {
      for i0 < 3 {
        pass j1 < 5, j2 < 4 {
          %0 = load f64 %x[i0 + 4*j1 + 20*j2 + 5]
          store f64 %y[20*i0 + 4*j1 + j2], %0
        }
      }
    })");
  auto x = scattered<double>(85);
  std::vector<double> y(60);
  run_kernel(kernel, {}, x, y);
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 5; ++j)
      for (size_t k = 0; k < 4; ++k) EXPECT_EQ(y[20 * i + 4 * j + k], x[i + 4 * j + 20 * k + 5]);
}

TEST(Interpret, PadGuards) {
  const Kernel kernel = good_kernel(R"(
    kernel @k(%x: f32[10] in, %y: f32[15] inout) {
      for i0 < 15 {
        pass {
          %0 = index i64 i0
          %1 = constant i64 3
          %2 = ge bool %0, %1
          %3 = constant i64 13
          %4 = lt bool %0, %3
          %5 = logical_and bool %2, %4
          %6 = load f32 %x[i0 - 3] if %5
          store f32 %y[i0], %6 if %4
        }
      }
    })");
  auto x = scattered<float>(10);
  std::vector<float> y(15, 7.0f), expected(15, 0.0f);
  std::copy(x.begin(), x.end(), expected.begin() + 3);
  expected[13] = expected[14] = 7.0f;
  run_kernel(kernel, {}, x, y);
  expect_same(y, expected);
}

constexpr const char* kGather = R"(
    kernel @k(%x: f32[20] in, %t: i64[6] in, %y: f32[24] out) {
      for i0 < 6, i1 < 4 {
        pass {
          %0 = load i64 %t[i0]
          %1 = check_index i64 %0 < 5  loc("model.cc":12)
          %2 = load f32 %x[4*%1 + i1]
          store f32 %y[4*i0 + i1], %2
        }
      }
    })";

TEST(Interpret, Gather) {
  auto x = scattered<float>(20);
  std::vector<int64_t> t{4, 0, 3, 3, 1, 2};
  std::vector<float> y(24);
  run_kernel(good_kernel(kGather), {}, x, t, y);
  for (size_t i = 0; i < 24; ++i) EXPECT_EQ(y[i], x[4 * static_cast<size_t>(t[i / 4]) + i % 4]);
}

TEST(Interpret, GatherOutOfRangeFailsAndReadsNothing) {
  auto x = scattered<float>(20);
  std::vector<int64_t> t{4, 0, 5, -1, 1, 2};
  std::vector<float> y(24);
  try {
    run_kernel(good_kernel(kGather), {}, x, t, y);
    FAIL() << "no error";
  } catch (const IndexError& error) {
    EXPECT_NE(std::string(error.what()).find("index 5 is out of range, expected 0 <= index < 5"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("model.cc:12"), std::string::npos);
  }
  EXPECT_EQ(y, std::vector<float>(24));
}

TEST(Interpret, EmptyAxesHaveNoIndex) {
  std::vector<float> x, y(2);
  std::vector<int64_t> t{0, 0};
  const Kernel kernel = good_kernel(R"(
    kernel @k(%x: f32[0] in, %t: i64[2] in, %y: f32[2] out) {
      for i0 < 2 {
        pass {
          %0 = load i64 %t[i0]
          %1 = check_index i64 %0 < 0
          %2 = load f32 %x[%1 + i0]
          store f32 %y[i0], %2
        }
      }
    })");
  EXPECT_THROW(run_kernel(kernel, {}, x, t, y), IndexError);
}

TEST(Interpret, ScatterAccumulatesInOrder) {
  const Kernel kernel = good_kernel(R"(
    kernel @k(%x: f32[800] in, %t: i64[400] in, %y: f32[10] inout) {
      for i0 < 2 {
        pass j1 < 400 {
          %0 = load i64 %t[j1]
          %1 = check_index i64 %0 < 5
          %2 = load f32 %x[2*j1 + i0]
          accumulate f32 %y[2*%1 + i0], %2
        }
      }
    })");
  auto x = scattered<float>(800);
  std::vector<int64_t> t(400);
  for (size_t i = 0; i < t.size(); ++i) t[i] = static_cast<int64_t>(i * i % 5);
  auto y = scattered<float>(10, 3), expected = y;
  for (size_t i = 0; i < 400; ++i)
    for (size_t c = 0; c < 2; ++c) expected[2 * static_cast<size_t>(t[i]) + c] += x[2 * i + c];
  run_kernel(kernel, {}, x, t, y);
  expect_same(y, expected);
}

TEST(Interpret, DivisionsRoundDown) {
  const Kernel kernel = good_kernel(R"(
    kernel @k(%x: i64[40] out, %y: i64[20] out) {
      for i0 < 20 {
        pass {
          %0 = index i64 div(i0 - 10, 4)
          %1 = index i64 3*mod(2*i0 - 7, 5) + div(7*div(i0, 2) + 1, 3)
          store i64 %x[8*div(i0, 4) + mod(i0, 4)], %0
          store i64 %y[i0], %1
        }
      }
    })");
  std::vector<int64_t> x(40, 99), y(20);
  run_kernel(kernel, {}, x, y);
  for (int64_t i = 0; i < 20; ++i) {
    const auto at = static_cast<size_t>(i);
    EXPECT_EQ(x[8 * (at / 4) + at % 4], static_cast<int64_t>(std::floor(static_cast<double>(i - 10) / 4)));
    EXPECT_EQ(y[at], 3 * (((2 * i - 7) % 5 + 5) % 5) + (7 * (i / 2) + 1) / 3);
  }
  EXPECT_EQ(x[4], 99);
}

TEST(Interpret, SymbolsAreExtentsAndStrides) {
  const Kernel kernel = good_kernel(R"(
    kernel @k(%x: f32[s3] in, %y: f32[s4] out) symbols(5) {
      for i0 < s0 {
        pass j1 < s1 {
          %0 = load f32 %x[s2*j1 + i0]
          store f32 %y[s1*i0 + j1], %0
        }
      }
    })");
  auto x = scattered<float>(7 * 300);
  std::vector<float> y(7 * 300), expected = y;
  for (size_t i = 0; i < 7; ++i)
    for (size_t j = 0; j < 300; ++j) expected[300 * i + j] = x[7 * j + i];
  run_kernel(kernel, {7, 300, 7, 2100, 2100}, x, y);
  expect_same(y, expected);
  std::vector<float> none;
  run_kernel(kernel, {0, 300, 7, 0, 0}, none, none);
}

TEST(Interpret, RandomBits) {
  const Kernel kernel = good_kernel(R"(
    kernel @k(%key: i64[2] in, %y: i64[10] out) {
      for i0 < 10 {
        pass {
          %0 = load i64 %key[0]
          %1 = load i64 %key[1]
          %2 = index i64 i0
          %3 = rng_bits i64 %0, %1, %2
          store i64 %y[i0], %3
        }
      }
    })");
  std::vector<int64_t> key{123456789012345, 7}, y(10);
  run_kernel(kernel, {}, key, y);
  for (int64_t i = 0; i < 10; ++i) EXPECT_EQ(y[static_cast<size_t>(i)], ir::philox_bits(key[0], key[1], i));
}

// The published known answers of Philox4x32-10: counter and key all zero, and all ones.
TEST(Philox, KnownAnswers) {
  const int64_t zeros[] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  for (int64_t i = 0; i < 4; ++i) EXPECT_EQ(ir::philox_bits(0, 0, i), zeros[i]);
}

TEST(Interpret, LaterPassesSeeStoresOfEarlierOnes) {
  const Kernel kernel = good_kernel(R"(
    kernel @k(%x: f32[100] inout) {
      for i0 < 10 {
        pass j1 < 10 {
          %0 = constant f32 1
          store f32 %x[10*i0 + j1], %0
        }
        pass j1 < 9 {
          %2 = load f32 %x[10*i0 + j1 + 1]
          %3 = index i64 j1
          %4 = to_f32 f32 %3
          %5 = add f32 %2, %4
          store f32 %x[10*i0 + j1 + 1], %5
        }
      }
    })");
  std::vector<float> x(100), expected(100);
  for (size_t i = 0; i < 100; ++i) expected[i] = i % 10 == 0 ? 1.0f : static_cast<float>(i % 10);
  run_kernel(kernel, {}, x);
  expect_same(x, expected);
}

TEST(Interpret, AccessesOutsideTheirBufferAreErrors) {
  const Kernel kernel = good_kernel(R"(
    kernel @k(%t: i64[1] in, %x: f32[4] in, %y: f32[4] out) {
      for i0 < 4 {
        pass {
          %0 = load i64 %t[0]
          %1 = load f32 %x[%0 + i0]
          store f32 %y[i0], %1
        }
      }
    })");
  std::vector<float> x(4), y(4);
  for (const int64_t offset : {int64_t{1}, int64_t{-1}, INT64_MAX, INT64_MIN}) {
    std::vector<int64_t> t{offset};
    EXPECT_THROW(run_kernel(kernel, {}, t, x, y), InternalError);
  }
  std::vector<int64_t> t{0};
  run_kernel(kernel, {}, t, x, y);
  std::vector<float> small(3);
  EXPECT_THROW(run_kernel(kernel, {}, t, small, y), InternalError);
}

void expect_race(const std::string& text, std::vector<int64_t> symbols, const char* clash) {
  const Kernel kernel = good_kernel(text);
  std::vector<float> x(64), y(64);
  try {
    run_kernel(kernel, symbols, x, y);
    FAIL() << "no race found";
  } catch (const InternalError& error) {
    EXPECT_NE(std::string(error.what()).find(clash), std::string::npos) << error.what();
  }
}

TEST(Interpret, FindsRaces) {
  const std::string head = "kernel @k(%x: f32[64] inout, %y: f32[64] inout) symbols(1) { for i0 < 8 { ";
  const std::string load = "%0 = load f32 %x[i0]\n";
  expect_race(head + "pass { " + load + "store f32 %y[s0*i0], %0 } } }", {0}, "another outer point writes");
  expect_race(head + "pass { " + load + "store f32 %x[s0*i0 + 1], %0 } } }", {1}, "another outer point");
  expect_race(head + "pass { " + load + "accumulate f32 %y[s0*i0], %0 } } }", {0}, "another outer point writes");
  expect_race(head + "pass j1 < 8 { %0 = load f32 %x[j1]\n store f32 %y[8*i0 + s0*j1], %0 } } }", {0},
              "another inner point");
  expect_race(head + "pass j1 < 7 { %0 = load f32 %y[8*i0 + j1]\n store f32 %y[8*i0 + s0*j1 + 1], %0 } } }", {1},
              "another inner point");
}

}  // namespace
}  // namespace sinter::loops
