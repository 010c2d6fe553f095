// Devices flush denormals of f32 alone; for f64 the generated text has to. The simulator's host flushes both or none:
// here none, on kernels that have no f32, as on a device.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>

#include "ir/graph/text.h"
#include "ir/loops/text.h"
#include "tests/cuda/check_cuda.h"
#include "tests/cuda/on_device.h"

namespace sinter::codegen::cuda {
namespace {

// Elements become so small that products, and sums of a few, are denormal or on the verge.
void shrink(loops::Contents& contents, double factor) {
  for (std::vector<std::byte>& buffer : contents)
    for (size_t at = 0; at < buffer.size(); at += sizeof(double)) {
      double value = 0;
      std::memcpy(&value, &buffer[at], sizeof value);
      value *= factor;
      std::memcpy(&buffer[at], &value, sizeof value);
    }
}

void check(const char* text, double factor) {
  std::vector<Case> cases;
  for (const bool fuse : {true, false})
    for (const loops::Kernel& kernel : cuda_kernels(ir::parse(text).back(), fuse)) {
      cases.push_back(random_case(kernel, {.special_values = false}));
      shrink(cases.back().contents, factor);
    }
  check_cuda(std::move(cases), {.flush_denormals = false});
}

TEST(Denormals, ElementwiseOperations) {
  constexpr const char* kText =
      R"(func @f(%x: f64[5000], %y: f64[5000]) -> (f64[5000], f64[5000], f64[5000], f64[5000]) {
    %big_one = constant f64[] {1e+200}
    %big = broadcast %big_one {shape = [5000], axes = []}
    %tiny_one = constant f64[] {1e-310}
    %tiny = broadcast %tiny_one {shape = [5000], axes = []}
    %0 = mul %x, %y
    %1 = mul %0, %big
    %2 = div %x, %big
    %3 = mul %2, %big
    %4 = add %x, %y
    %5 = sqrt %4
    %6 = mul %tiny, %big
    %7 = add %6, %x
    return %1, %3, %5, %7
  })";
  for (const double factor : {1e-155, 1e-308, 1e-110}) check(kText, factor);
}

TEST(Denormals, ReductionsOfAllMappings) {
  constexpr const char* kText = R"(func @f(%x: f64[9, 50], %y: f64[40, 37], %z: f64[3, 5000], %w: f64[70000])
      -> (f64[9], f64[37], f64[3], f64[], f64[37], f64[9]) {
    %0 = reduce_sum %x {axes = [1]}
    %1 = reduce_sum %y {axes = [0]}
    %2 = reduce_sum %z {axes = [1]}
    %3 = reduce_sum %w {axes = [0]}
    %4 = reduce_max %y {axes = [0]}
    %5 = reduce_prod %x {axes = [1]}
    %big9_one = constant f64[] {1e+200}
    %big9 = broadcast %big9_one {shape = [9], axes = []}
    %big37_one = constant f64[] {1e+200}
    %big37 = broadcast %big37_one {shape = [37], axes = []}
    %big3_one = constant f64[] {1e+200}
    %big3 = broadcast %big3_one {shape = [3], axes = []}
    %big = constant f64[] {1e+200}
    %6 = mul %0, %big9
    %7 = mul %1, %big37
    %8 = mul %2, %big3
    %9 = mul %3, %big
    %10 = mul %4, %big37
    %11 = mul %5, %big9
    return %6, %7, %8, %9, %10, %11
  })";
  for (const double factor : {1e-308, 1e-306}) check(kText, factor);
}

TEST(Denormals, Dots) {
  constexpr const char* kText = R"(func @f(%x: f64[17, 70], %w: f64[70, 33]) -> f64[17, 33] {
    %0 = dot %x, %w
    %1_one = constant f64[] {1e+200}
    %1 = broadcast %1_one {shape = [17, 33], axes = []}
    %2 = mul %0, %1
    return %2
  })";
  for (const double factor : {1e-154, 1e-155}) check(kText, factor);
}

// Operands of x * y, x / y or fma(x, y, z) whose exact result lies within some 2^-53 of the smallest normal number:
// where rounding to a denormal first, and then looking, flushes less than x86.
std::vector<std::array<double, 3>> edge(char op) {
  constexpr double kSmallest = 0x1p-1022;
  std::mt19937_64 random(3);
  const auto draw = [&](int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random() % static_cast<uint64_t>(high - low + 1));
  };
  const auto near = [](double value, int64_t ulps) {
    return std::bit_cast<double>(std::bit_cast<int64_t>(value) + ulps);
  };
  const auto mantissa = [&] { return draw(0, 2) == 0 ? draw(0, 15) : draw(0, (int64_t{1} << 52) - 1); };
  std::vector<std::array<double, 3>> all;
  while (all.size() < 2048) {
    double x = 0, y = 0, z = 0;
    if (op == '*') {
      x = near(0x1p-511, mantissa());
      y = near(kSmallest / x, draw(-3, 3));
    } else if (op == '/') {
      y = near(0x1p500, mantissa());
      x = near(kSmallest * y, draw(-3, 3));
    } else {
      z = near(kSmallest * static_cast<double>(draw(1, 2)), draw(0, 63));
      y = 0x1.8a3d70a3d70a3p-512;  // one for all, with many bits
      x = near((kSmallest * static_cast<double>(draw(0, 3)) / 2 - z) / y, draw(-3, 3));
    }
    if (std::abs(x) >= kSmallest && std::abs(y) >= kSmallest) all.push_back({x, y, z});
  }
  return all;
}

// A kernel on 2048 such operands; `value` of %0, %1 and %2. Products of one row by one column are fma(x, y, z * 1).
Case edge_case(char op) {
  const bool is_dot = op == '+';
  std::string text = fmt::format(R"(
kernel @edge(%x: f64[2048] in, %y: f64[2048] in, %o: f64[2048] out) {{
  for i0 < 2048 {{
    pass {{
      %0 = load f64 %x[i0]
      %1 = load f64 %y[i0]
      %2 = {} f64 %0, %1
      store f64 %o[i0], %2
    }}
  }}
}})",
                                 op == '*' ? "mul" : "div");
  if (is_dot)
    text = R"(
kernel @edge(%x: f64[4096] in, %y: f64[2] in, %o: f64[2048] out) {
  for i0 < 2048, i1 < 1 {
    pass j2 < 2 {
      %0 = load f64 %x[2*i0 + j2]
      %1 = load f64 %y[j2 + i1]
      %2 = dot f64 %0, %1
    }
    pass {
      store f64 %o[i0 + i1], %2
    }
  }
})";
  std::vector<double> x, y;
  for (const auto& [a, b, c] : edge(op)) {
    if (is_dot) x.push_back(c);
    x.push_back(a);
    y.push_back(b);
  }
  if (is_dot) y = {1, y[0]};
  const auto bytes_of = [](const std::vector<double>& values) {
    const auto bytes = std::as_bytes(std::span(values));
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  };
  return {.kernel = loops::parse(text)[0],
          .contents = {bytes_of(x), bytes_of(y), std::vector<std::byte>(2048 * sizeof(double))}};
}

TEST(Denormals, TheSmallestNormalNumberIsReachedAsOnX86) {
  check_cuda({edge_case('*'), edge_case('/'), edge_case('+')}, {.flush_denormals = false});
}

TEST(Denormals, WhatIsNotFlushedIsSeen) {
  if (tests_run_on_device()) GTEST_SKIP() << "for the simulator";
  constexpr const char* kText = R"(func @f(%x: f64[64]) -> f64[64] {
    %one = constant f64[] {1e+200}
    %big = broadcast %one {shape = [64], axes = []}
    %0 = mul %x, %x
    %1 = mul %0, %big
    return %1
  })";
  Case made = random_case(cuda_kernels(ir::parse(kText).back()).at(0), {.special_values = false});
  shrink(made.contents, 1e-155);
  const KernelSource source = write_kernel(made.kernel, "kept", {.flush = false});
  const cuda_sim::Module module(cuda_sim::compile(program_text({&source, 1}), {.flush_denormals = false}));
  EXPECT_NE(problem(made, source, module, interpreted(made), {}), "");
}

}  // namespace
}  // namespace sinter::codegen::cuda
