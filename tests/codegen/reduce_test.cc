// Reductions in order R: lanes over the inner points, over outer points, scalar.
#include <gtest/gtest.h>

#include "ir/loops/text.h"
#include "tests/codegen/check_kernel.h"

namespace sinter::codegen::cpu {
namespace {

constexpr int kScalar = loops::Schedule::kScalar, kInner = loops::Schedule::kInner;
constexpr loops::Schedule kSchedules[] = {{.vector = kScalar},
                                          {.vector = kInner},
                                          {.vector = kInner, .unroll = 4},
                                          {.vector = 0},
                                          {.vector = 0, .unroll = 2}};

void check_schedules(std::string_view text, const CheckOptions& options = {}) {
  for (loops::Kernel kernel : loops::parse(text))
    for (const loops::Schedule& schedule : kSchedules) {
      kernel.schedule = schedule;
      check_kernel(kernel, options);
    }
}

TEST(Reduce, RowsOfManyLengths) {
  for (const int n : {1, 10, 17, 1000, 9001}) {
    const int rows = n > 1000 ? 2 : 35;
    for (const char* type : {"f32", "f64"})
      check_schedules(fmt::format(R"(
kernel @rows(%x: {3}[{0}] in, %y: {3}[{1}] out) symbols(0) {{
  for i0 < {1} {{
    pass j1 < {2} {{
      %0 = load {3} %x[{2}*i0 + j1]
      %1 = mul {3} %0, %0
      %2 = reduce sum {3} %1
    }}
    pass {{
      store {3} %y[i0], %2
    }}
  }}
}})",
                                  n * rows, rows, n, type),
                      {.special_values = n % 2 == 0});
  }
}

TEST(Reduce, ColumnsOfManyLengths) {
  for (const int n : {1, 16, 40, 4100}) {
    const int columns = n > 4096 ? 20 : 70;
    check_schedules(fmt::format(R"(
kernel @columns(%x: f32[{0}] in, %y: f32[{1}] out, %z: f32[{1}] out) symbols(0) {{
  for i0 < {1} {{
    pass j1 < {2} {{
      %0 = load f32 %x[{1}*j1 + i0]
      %1 = reduce sum f32 %0
      %2 = reduce max f32 %0
      %3 = reduce prod f32 %0
    }}
    pass {{
      %4 = add f32 %1, %3
      store f32 %y[i0], %4
      store f32 %z[i0], %2
    }}
  }}
}})",
                                n * columns, columns, n),
                    {.special_values = n != 40});
  }
}

// Long columns are folded strip by strip, several rows of a lane at a time: whole groups of rows and what is left, one
// block and several, whole vectors of columns and masked ones, more columns than a strip has.
TEST(Reduce, LongColumnsInStrips) {
  struct Case {
    int rows, columns, unroll;
    const char* type;
  };
  for (const auto [rows, columns, unroll, type] :
       {Case{64, 16, 1, "f32"}, Case{65, 70, 4, "f32"}, Case{127, 48, 8, "f32"}, Case{70, 530, 4, "f32"},
        Case{4100, 17, 2, "f32"}, Case{8200, 16, 4, "f64"}, Case{65, 300, 4, "f64"}}) {
    loops::Kernel kernel = loops::parse(fmt::format(R"(
kernel @columns(%x: {3}[{0}] in, %mean: {3}[{1}] in, %row: {3}[{2}] in, %y: {3}[{1}] out, %z: {3}[{0}] out) symbols(0) {{
  for i0 < {1} {{
    pass {{
      %0 = load {3} %mean[i0]
    }}
    pass j1 < {2} {{
      %1 = load {3} %x[{1}*j1 + i0]
      %2 = load {3} %row[j1]
      %3 = sub {3} %1, %0
      %4 = mul {3} %3, %2
      %5 = reduce sum {3} %4
      %6 = reduce sum {3} %2
      store {3} %z[{1}*j1 + i0], %3
    }}
    pass {{
      %8 = sub {3} %5, %6
      store {3} %y[i0], %8
    }}
  }}
}})",
                                                    rows * columns, columns, rows, type))
                               .back();
    kernel.schedule = {.vector = 0, .unroll = unroll};
    check_kernel(kernel, {.special_values = rows == 127});
  }
}

TEST(Reduce, LongColumnsOfRunTimeSizes) {
  loops::Kernel kernel = loops::parse(R"(
kernel @columns(%x: f32[s3] in, %y: f32[s6] out) symbols(7) {
  for i0 < s0, i1 < s2 {
    pass j2 < 2, j3 < s1 {
      %0 = load f32 %x[s5*i0 + s4*j2 + s2*j3 + i1]
      %1 = reduce sum f32 %0
    }
    pass {
      store f32 %y[s2*i0 + i1], %1
    }
  }
})")
                             .back();
  kernel.schedule = {.vector = 1, .unroll = 4};
  for (const int64_t rows : {1, 40, 100, 2500})
    for (const int64_t columns : {3, 64, 130})
      check_kernel(
          kernel, {.symbols = {3, rows, columns, 6 * rows * columns, rows * columns, 2 * rows * columns, 3 * columns}});
}

TEST(Reduce, RunTimeLengths) {
  constexpr std::string_view kText = R"(
kernel @symbolic(%x: f32[s2] in, %y: f32[s0] out, %a: i64[s0] out) symbols(3) {
  for i0 < s0 {
    pass j1 < s1 {
      %0 = load f32 %x[s1*i0 + j1]
      %1 = index i64 j1
      %2 = reduce sum f32 %0
      %3 = reduce min f32 %0
      %4 = argmax i64 %0, %1
    }
    pass {
      %5 = add f32 %2, %3
      store f32 %y[i0], %5
      store i64 %a[i0], %4
    }
  }
})";
  for (const int64_t rows : {1, 20})
    for (const int64_t columns : {1, 33, 4099}) check_schedules(kText, {.symbols = {rows, columns, rows * columns}});
}

TEST(Reduce, SeveralInnerRanges) {
  constexpr std::string_view kText = R"(
kernel @axes(%x: f32[18144] in, %y: f32[21] out, %n: i64[21] out) symbols(0) {
  for i0 < 21 {
    pass j1 < 6, j2 < 9, j3 < 16 {
      %0 = load f32 %x[3024*j1 + 16*i0 + 336*j2 + j3]
      %1 = reduce sum f32 %0
      %2 = index i64 144*j1 + 16*j2 + j3
      %3 = argmax i64 %0, %2
      %4 = reduce sum i64 %2
    }
    pass {
      %5 = add i64 %3, %4
      store f32 %y[i0], %1
      store i64 %n[i0], %5
    }
  }
})";
  check_schedules(kText);
}

TEST(Reduce, Softmax) {
  for (const int n : {10, 33, 1000})
    check_schedules(fmt::format(R"(
kernel @softmax(%x: f32[{0}] in, %y: f32[{0}] out) symbols(0) {{
  for i0 < 20 {{
    pass j1 < {1} {{
      %0 = load f32 %x[{1}*i0 + j1]
      %1 = reduce max f32 %0
    }}
    pass j1 < {1} {{
      %2 = load f32 %x[{1}*i0 + j1]
      %3 = sub f32 %2, %1
      %4 = exp f32 %3
      %5 = reduce sum f32 %4
    }}
    pass j1 < {1} {{
      %6 = load f32 %x[{1}*i0 + j1]
      %7 = sub f32 %6, %1
      %8 = exp f32 %7
      %9 = div f32 %8, %5
      store f32 %y[{1}*i0 + j1], %9
    }}
  }}
}})",
                                20 * n, n),
                    {.special_values = n == 33});
}

TEST(Reduce, WholeTensor) {
  constexpr std::string_view kText = R"(
kernel @all(%x: f32[70000] in, %y: f32[1] out) symbols(0) {
  pass j0 < 70000 {
    %0 = load f32 %x[j0]
    %1 = reduce sum f32 %0
  }
  pass {
    store f32 %y[0], %1
  }
})";
  for (loops::Kernel kernel : loops::parse(kText))
    for (const int vector : {kScalar, kInner}) {
      kernel.schedule = {.vector = vector, .unroll = 4};
      check_kernel(kernel, {.special_values = false});
    }
}

TEST(Reduce, ScatterAddComesInOrder) {
  constexpr std::string_view kText = R"(
kernel @scatter(%t: i64[50] in, %x: f32[1700] in, %y: f32[340] inout) symbols(0) {
  for i0 < 34 {
    pass j1 < 50 {
      %0 = load i64 %t[j1]
      %1 = check_index i64 %0 < 10
      %2 = load f32 %x[34*j1 + i0]
      accumulate f32 %y[34*%1 + i0], %2
    }
  }
})";
  check_schedules(kText, {.index_limit = 10, .special_values = false});
  check_schedules(kText, {.index_limit = 12, .special_values = false});
}

TEST(Reduce, DotOverSeveralRanges) {
  constexpr std::string_view kText = R"(
kernel @dot(%a: f32[180] in, %b: i64[300] in, %y: i64[2000] out, %c: i64[180] in) symbols(0) {
  for i0 < 20, i1 < 25 {
    pass j2 < 4, j3 < 3 {
      %0 = load i64 %c[i0 + 9*j2 + j3]
      %1 = load i64 %b[75*j2 + 3*i1 + j3]
      %2 = dot i64 %0, %1
    }
    pass {
      store i64 %y[100*i0 + i1], %2
    }
  }
})";
  check_schedules(kText);
}

}  // namespace
}  // namespace sinter::codegen::cpu
