// The edge of f32's denormals, where flushing could differ between processors: x86 flushes results that are denormal
// after rounding (to 24 bits, whatever the exponent); whoever looked before rounding would flush more, whoever rounded
// to a denormal first would flush less. NVIDIA's compilers, folding the same operations at compile time, must give
// x86's bits; and so must devices (check_cuda.h).
#include <gtest/gtest.h>
#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>

#include "codegen/cuda/nvrtc.h"
#include "ir/loops/text.h"
#include "support/float_mode.h"
#include "tests/cuda/check_cuda.h"

namespace sinter::codegen::cuda {
namespace {

constexpr double kSmallest = 0x1p-126;  // normal

struct Edge {
  float a, b, c;  // c: of a * b + c
  float result;   // x86's
};

float near(double value, int64_t ulps) {
  return std::bit_cast<float>(static_cast<int32_t>(std::bit_cast<int32_t>(static_cast<float>(value)) + ulps));
}
float fused(float a, float b, float c) __attribute__((target("fma")));
float fused(float a, float b, float c) {
  return _mm_cvtss_f32(_mm_fmadd_ss(_mm_set_ss(a), _mm_set_ss(b), _mm_set_ss(c)));
}

// Operands whose exact result lies within some 2^-24 of the smallest normal number, in both directions.
std::vector<Edge> edges(char op) {
  const FloatModeScope flushing(kDefaultFloatMode | kFlushDenormals);
  std::mt19937_64 random(7);
  const auto draw = [&](int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random() % static_cast<uint64_t>(high - low + 1));
  };
  std::vector<Edge> made;
  while (made.size() < 300) {
    Edge edge{};
    const float sign = draw(0, 1) == 0 ? 1.0F : -1.0F;
    if (op == '*') {
      edge.a = near(0x1p-63, draw(0, 2) == 0 ? draw(0, 15) : draw(0, (1 << 23) - 1));
      edge.b = sign * near(kSmallest * (1 + static_cast<double>(draw(-4, 4)) * 0x1p-25) / edge.a, draw(-1, 1));
      edge.result = edge.a * edge.b;
    } else if (op == '/') {
      edge.b = sign * near(draw(0, 1) == 0 ? 1.0 : 0x1p63, draw(0, 2) == 0 ? 0 : draw(0, (1 << 23) - 1));
      const double a = kSmallest * (1 + static_cast<double>(draw(-4, 4)) * 0x1p-24) * edge.b;
      if (std::abs(a) < 2 * kSmallest) continue;
      edge.a = near(a, 0);
      edge.result = edge.a / edge.b;
    } else {
      edge.c = near(kSmallest * static_cast<double>(draw(1, 2)), draw(0, 63));
      edge.a = near(0x1p-64, draw(0, (1 << 23) - 1));
      const double b = (kSmallest * (1 + static_cast<double>(draw(-8, 8)) * 0x1p-26) - edge.c) / edge.a;
      if (std::abs(b) < 0x1p-100) continue;
      edge.b = near(b, draw(-1, 1));
      edge.result = fused(edge.a, edge.b, edge.c);
    }
    made.push_back(edge);
  }
  return made;
}

TEST(Edge, ResultsLieOnBothSides) {
  for (const char op : {'*', '/', '+'}) {
    const std::vector<Edge> all = edges(op);
    const auto zeros = std::ranges::count(all, 0.0F, &Edge::result);
    EXPECT_GT(zeros, 50) << op;
    EXPECT_LT(zeros, 250) << op;
  }
  const FloatModeScope flushing(kDefaultFloatMode | kFlushDenormals);
  volatile float above = near(0x1p-63, 1), below = near(0x1p-63, -2), half = near(0x1p-63, -1), one = 0x1p-63F;
  EXPECT_EQ(above * below, kSmallest);  // (1 - 2^-46) 2^-126: looked at before rounding, this would be flushed
  EXPECT_EQ(half * one, 0);             // (1 - 2^-24) 2^-126: rounded to a denormal first, this would not be
}

// How many of the results NVIDIA's compilers do not fold to these bits: what they keep is marked by a word in the
// cubin.
size_t not_folded(int architecture, char op, const std::vector<Edge>& all, uint32_t wrong) {
  constexpr uint32_t kMark = 0x5eed0000;
  const auto bits = [](float x) { return fmt::format("__int_as_float(0x{:08x})", std::bit_cast<uint32_t>(x)); };
  std::string text = "extern \"C\" __global__ void marked(int* out) {\n";
  for (size_t i = 0; i < all.size(); ++i) {
    const auto& [a, b, c, result] = all[i];
    const std::string value = op == '+' ? fmt::format("__fmaf_rn({}, {}, {})", bits(a), bits(b), bits(c))
                                        : fmt::format("{} {} {}", bits(a), op, bits(b));
    text += fmt::format("  if (__float_as_int({}) != 0x{:08x}) out[{}] = 0x{:x};\n", value,
                        std::bit_cast<uint32_t>(result) ^ wrong, i, kMark + i);
  }
  const std::vector<char> image = compile_program(text + "}\n", architecture, /*flush=*/true).image;
  size_t left = 0;
  for (uint32_t i = 0; i < all.size(); ++i) {
    const auto mark = std::bit_cast<std::array<char, 4>>(kMark + i);
    left += std::ranges::search(image, mark).empty() ? 0 : 1;
  }
  return left;
}

TEST(Edge, NvidiasCompilersFoldAsX86Computes) {
  const NvrtcState& state = nvrtc_state();
  if (!state.found) GTEST_SKIP() << describe(state);
  for (const char op : {'*', '/', '+'}) {
    const int architecture = op == '+' ? 100 : 80;  // the assembler folds fma for the newest only
    if (!std::ranges::binary_search(state.architectures, architecture)) continue;
    const std::vector<Edge> all = edges(op);
    EXPECT_EQ(not_folded(architecture, op, all, 0), 0U) << op;
    EXPECT_EQ(not_folded(architecture, op, all, 1), all.size()) << op;  // other bits would be seen
  }
}

template <class T>
std::vector<std::byte> bytes_of(const std::vector<T>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

// The same operands in kernels: the interpreter on x86 says what a device must give.
TEST(Edge, KernelsGiveTheInterpretersBits) {
  std::vector<Case> cases;
  for (const char* op : {"mul", "div"}) {
    std::vector<float> a, b;
    for (const Edge& edge : edges(op[0] == 'm' ? '*' : '/')) {
      a.push_back(edge.a);
      b.push_back(edge.b);
    }
    const std::string text = fmt::format(
        "kernel @{0}(%a: f32[300] in, %b: f32[300] in, %o: f32[300] out) {{\n  for i0 < 300 {{\n    pass {{\n"
        "      %0 = load f32 %a[i0]\n      %1 = load f32 %b[i0]\n      %2 = {0} f32 %0, %1\n"
        "      store f32 %o[i0], %2\n    }}\n  }}\n}}",
        op);
    cases.push_back({.kernel = loops::parse(text)[0],
                     .contents = {bytes_of(a), bytes_of(b), std::vector<std::byte>(300 * sizeof(float))}});
  }
  // out[i, j] = fma(a[i, 1], b[1, j], a[i, 0] * b[0, j]), where b[0, j] is 1: c of all edges, with a and b of one.
  std::vector<float> rows, columns(2 * 300, 1.0F);
  const std::vector<Edge> fma = edges('+');
  for (size_t i = 0; i < 300; ++i) {
    rows.insert(rows.end(), {fma[i].c, fma[i].a});
    columns[300 + i] = fma[i].b;
  }
  cases.push_back({.kernel = loops::parse(R"(
kernel @dot(%a: f32[600] in, %b: f32[600] in, %o: f32[90000] out) {
  for i0 < 300, i1 < 300 {
    pass j2 < 2 {
      %0 = load f32 %a[2*i0 + j2]
      %1 = load f32 %b[300*j2 + i1]
      %2 = dot f32 %0, %1
    }
    pass {
      store f32 %o[300*i0 + i1], %2
    }
  }
})")[0],
                   .contents = {bytes_of(rows), bytes_of(columns), std::vector<std::byte>(90000 * sizeof(float))}});
  check_cuda(std::move(cases));
}

}  // namespace
}  // namespace sinter::codegen::cuda
