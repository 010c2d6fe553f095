// Elementwise kernels: every schedule, addresses of all kinds, tails, guards.
#include <gtest/gtest.h>

#include "ir/loops/text.h"
#include "tests/codegen/check_kernel.h"

namespace sinter::codegen::cpu {
namespace {

// The text's kernel under each schedule.
void check_schedules(std::string_view text, std::initializer_list<loops::Schedule> schedules,
                     const CheckOptions& options = {}) {
  for (loops::Kernel kernel : loops::parse(text))
    for (const loops::Schedule& schedule : schedules) {
      kernel.schedule = schedule;
      check_kernel(kernel, options);
    }
}

constexpr int kScalar = loops::Schedule::kScalar, kInner = loops::Schedule::kInner;

TEST(Map, Chain) {
  for (const int n : {1, 7, 16, 63, 64, 200}) {
    const std::string text = fmt::format(R"(
kernel @chain(%x: f32[{0}] in, %y: f32[{0}] in, %z: f32[{0}] out) symbols(0) {{
  for i0 < {0} {{
    pass {{
      %0 = load f32 %x[i0]
      %1 = load f32 %y[i0]
      %2 = mul f32 %0, %1
      %3 = add f32 %2, %1
      %4 = relu f32 %3
      store f32 %z[i0], %4
    }}
  }}
}})",
                                         n);
    check_schedules(text, {{.vector = kScalar}, {.vector = 0}, {.vector = 0, .unroll = 4}, {.vector = 0, .unroll = 8}});
  }
}

// Tiles that are turned in registers, and what only looks like them.
TEST(Map, TurnsTiles) {
  for (const char* dtype : {"f32", "f64", "i64", "bool"})
    for (const char* in : {"768*i0 + 16*i1 + i2 + 48*i3", "768*i0 + 16*i1 + 48*i2 + i3"})
      for (const loops::Schedule& schedule : {loops::Schedule{.vector = kScalar}, loops::Schedule{.vector = 3}})
        check_schedules(fmt::format(R"(
kernel @turn(%x: {0}[3840] in, %y: {0}[4000] out) symbols(0) {{
  for i0 < 5, i1 < 3, i2 < 16, i3 < 16 {{
    pass {{
      %0 = load {0} %x[{1}]
      store {0} %y[16*i0 + 1280*i1 + 80*i2 + i3 + 3], %0
    }}
  }}
}})",
                                    dtype, in),
                        {schedule});
}

TEST(Map, RowsAndColumns) {
  constexpr std::string_view kText = R"(
kernel @bias(%x: f32[1110] in, %b: f32[37] in, %s: f32[30] in, %t: f32[1110] out) symbols(0) {
  for i0 < 30, i1 < 37 {
    pass {
      %0 = load f32 %x[37*i0 + i1]
      %1 = load f32 %b[i1]
      %2 = load f32 %s[i0]
      %3 = add f32 %0, %1
      %4 = mul f32 %3, %2
      store f32 %t[30*i1 + i0], %4
    }
  }
})";
  check_schedules(
      kText,
      {{.vector = kScalar}, {.vector = 0}, {.vector = 1}, {.vector = 0, .unroll = 2}, {.vector = 1, .unroll = 2}});
}

TEST(Map, RunTimeOffsets) {
  for (const std::vector<int64_t>& symbols : {std::vector<int64_t>{0, 0}, {3, 1}, {40, 5}})
    check_kernel(R"(
kernel @offsets(%x: f32[2000] in, %y: f32[2000] out, %n: i64[1000] out) symbols(2) schedule(vector = i1, unroll = 2) {
  for i0 < 5, i1 < 67 {
    pass {
      %0 = load f32 %x[67*i0 + i1 + 16*s0 + 3]
      %1 = load f32 %x[i1 + s1]
      %2 = load f32 %x[div(i1 + 4*s0, 8) + mod(i1 + s1, 5) + 2*s1]
      %3 = add f32 %0, %1
      %4 = index i64 i1
      %5 = index i64 s1 + 2
      %6 = ge bool %4, %5
      %7 = load f32 %x[i1 + 9*s1 - 2] if %6
      %8 = mul f32 %3, %2
      %9 = add f32 %8, %7
      store f32 %y[67*i0 + i1 + s0], %9
      %11 = index i64 i0 + 3*s0 + s1
      store i64 %n[67*i0 + i1 + s1], %11
    }
  }
}
kernel @row(%x: f32[2000] in, %y: f32[100] out) symbols(2) schedule(vector = inner) {
  for i0 < 4 {
    pass j1 < 100 {
      %0 = load f32 %x[100*i0 + j1 + 7*s0]
      %1 = load f32 %x[i0 + s1]
      %2 = mul f32 %0, %1
      %3 = reduce sum f32 %2
    }
    pass {
      store f32 %y[i0 + s0], %3
    }
  }
}
kernel @columns(%x: f32[2000] in, %y: f32[200] out) symbols(2) schedule(vector = i0) {
  for i0 < 40 {
    pass j1 < 30 {
      %0 = load f32 %x[40*j1 + i0 + 5*s0 + s1]
      %1 = reduce sum f32 %0
    }
    pass {
      store f32 %y[i0 + 2*s0], %1
    }
  }
}
kernel @tile(%x: f32[2000] in, %y: f32[2000] out) symbols(2) {
  for i0 < 2, i1 < 16, i2 < 16 {
    pass {
      %0 = load f32 %x[256*i0 + i1 + 16*i2 + 16*s0]
      store f32 %y[256*i0 + 16*i1 + i2 + 3*s1], %0
    }
  }
})",
                 {.symbols = symbols});
}

TEST(Map, RunTimeExtentsAndStrides) {
  constexpr std::string_view kText = R"(
kernel @strided(%x: f64[s2] in, %y: f64[s2] out) symbols(3) {
  for i0 < s0, i1 < s1 {
    pass {
      %0 = load f64 %x[s1*i0 + i1]
      %1 = exp f64 %0
      store f64 %y[s1*i0 + i1], %1
    }
  }
})";
  for (const int64_t rows : {1, 5})
    for (const int64_t columns : {0, 1, 16, 33})
      check_schedules(kText, {{.vector = kScalar}, {.vector = 0}, {.vector = 1}, {.vector = 1, .unroll = 2}},
                      {.symbols = {rows, columns, rows * columns}});
}

TEST(Map, InnerLanes) {
  constexpr std::string_view kText = R"(
kernel @inner(%x: f32[600] in, %m: bool[600] in, %y: f32[600] out, %k: bool[600] out) symbols(0) {
  for i0 < 6 {
    pass j1 < 100 {
      %0 = load f32 %x[100*i0 + j1]
      %1 = load bool %m[100*i0 + j1]
      %2 = neg f32 %0
      %3 = select f32 %1, %0, %2
      %4 = lt bool %3, %0
      store f32 %y[100*i0 + j1], %3
      store bool %k[100*i0 + j1], %4
    }
  }
})";
  check_schedules(kText, {{.vector = kScalar}, {.vector = 0}, {.vector = kInner}, {.vector = kInner, .unroll = 4}});
}

TEST(Map, DivisionAndRemainder) {
  constexpr std::string_view kText = R"(
kernel @flat(%x: f32[960] in, %b: f32[48] in, %c: f32[20] in, %d: f32[7] in, %e: f32[138] in, %y: f32[960] out) symbols(0) {
  for i0 < 960 {
    pass {
      %0 = load f32 %x[i0]
      %1 = load f32 %b[mod(i0, 48)]
      %2 = load f32 %c[div(i0, 48)]
      %3 = load f32 %d[mod(i0, 7)]
      %4 = load f32 %e[div(i0, 7)]
      %5 = add f32 %0, %1
      %6 = add f32 %5, %2
      %7 = add f32 %6, %3
      %8 = add f32 %7, %4
      store f32 %y[i0], %8
    }
  }
})";
  check_schedules(kText, {{.vector = kScalar}, {.vector = 0}, {.vector = 0, .unroll = 4}});
}

TEST(Map, GuardsKeepAccessesInside) {
  constexpr std::string_view kText = R"(
kernel @pad(%x: f32[50] in, %s: f32[1] in, %y: f32[100] out) symbols(0) {
  for i0 < 100 {
    pass {
      %0 = index i64 i0
      %1 = constant i64 25
      %2 = constant i64 75
      %3 = le bool %1, %0
      %4 = lt bool %0, %2
      %5 = logical_and bool %3, %4
      %6 = load f32 %x[i0 - 25] if %5
      %7 = load f32 %s[0] if %5
      %8 = add f32 %6, %7
      %9 = logical_not bool %5
      store f32 %y[i0], %8 if %5
      store f32 %y[i0], %6 if %9
    }
  }
})";
  check_schedules(kText, {{.vector = kScalar}, {.vector = 0}, {.vector = 0, .unroll = 4}});
}

TEST(Map, GatherByValue) {
  constexpr std::string_view kText = R"(
kernel @gather(%t: i64[40] in, %w: f32[400] in, %y: f32[4000] out) symbols(0) {
  for i0 < 40, i1 < 100 {
    pass {
      %0 = load i64 %t[i0]
      %1 = check_index i64 %0 < 4
      %2 = load f32 %w[100*%1 + i1]
      store f32 %y[100*i0 + i1], %2
    }
  }
})";
  for (const int64_t limit : {4, 7})
    check_schedules(kText, {{.vector = kScalar}, {.vector = 0}, {.vector = 1}, {.vector = 1, .unroll = 2}},
                    {.index_limit = limit});
}

TEST(Map, RandomBits) {
  constexpr std::string_view kText = R"(
kernel @rng(%s: i64[2] in, %y: i64[100] out) symbols(0) {
  for i0 < 100 {
    pass {
      %0 = load i64 %s[0]
      %1 = load i64 %s[1]
      %2 = index i64 i0
      %3 = rng_bits i64 %0, %1, %2
      store i64 %y[i0], %3
    }
  }
})";
  check_schedules(kText, {{.vector = kScalar}, {.vector = 0}, {.vector = 0, .unroll = 2}},
                  {.index_limit = int64_t{1} << 62});
}

}  // namespace
}  // namespace sinter::codegen::cpu
