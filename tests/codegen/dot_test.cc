// Register-tiled dots: every transposition, odd sizes, blocks, batches, epilogues.
#include <gtest/gtest.h>

#include "codegen/cpu/dot_plan.h"
#include "ir/loops/text.h"
#include "tests/codegen/check_kernel.h"

namespace sinter::codegen::cpu {
namespace {

struct Layout {
  bool a_turned = false, b_turned = false, c_turned = false;
};

// c[m, n] = a[m, k] b[k, n], each operand maybe stored the other way round.
loops::Kernel dot(int64_t m, int64_t n, int64_t k, Layout layout = {}, std::string_view type = "f32") {
  const auto index = [](bool turned, std::string_view row, std::string_view column, int64_t rows, int64_t columns) {
    return turned ? fmt::format("{}*{} + {}", rows, column, row) : fmt::format("{}*{} + {}", columns, row, column);
  };
  return loops::parse(fmt::format(R"(
kernel @dot(%a: {0}[{1}] in, %b: {0}[{2}] in, %c: {0}[{3}] out) symbols(0) {{
  for i0 < {4}, i1 < {5} {{
    pass j2 < {6} {{
      %0 = load {0} %a[{7}]
      %1 = load {0} %b[{8}]
      %2 = dot {0} %0, %1
    }}
    pass {{
      store {0} %c[{9}], %2
    }}
  }}
}})",
                                  type, m * k, k * n, m * n, m, n, k, index(layout.a_turned, "i0", "j2", m, k),
                                  index(layout.b_turned, "j2", "i1", k, n),
                                  index(layout.c_turned, "i0", "i1", m, n)))[0];
}

constexpr CheckOptions kPlain{.special_values = false};

TEST(Dot, Transpositions) {
  for (const char* type : {"f32", "f64"})
    for (int which = 0; which < 8; ++which) {
      const Layout layout{(which & 1) != 0, (which & 2) != 0, (which & 4) != 0};
      check_kernel(dot(20, 50, 37, layout, type), kPlain);
    }
}

TEST(Dot, OddSizes) {
  for (const auto& [m, n, k] : std::vector<std::array<int64_t, 3>>{{1, 1, 1},
                                                                   {1, 100, 7},
                                                                   {2, 200, 5},
                                                                   {3, 65, 4},
                                                                   {4, 64, 16},
                                                                   {5, 1, 30},
                                                                   {17, 10, 64},
                                                                   {64, 10, 3},
                                                                   {100, 33, 1},
                                                                   {70, 96, 70},
                                                                   {9, 31, 0}})
    for (const bool turned : {false, true})
      check_kernel(dot(m, n, k, {.a_turned = turned, .b_turned = turned}), kPlain);
}

TEST(Dot, BlocksOfDepthContinueTiles) {
  for (const bool turned : {false, true}) {
    loops::Kernel kernel = dot(30, 70, 100, {.b_turned = turned});
    check_kernel(kernel, kPlain);
    kernel.schedule.block_k = 24;
    check_kernel(kernel, kPlain);
    kernel.schedule = {.tile_rows = 3, .tile_columns = 16, .block_k = 64};
    check_kernel(kernel, kPlain);
  }
}

// Rows whose steps of k lie far apart are brought together once for all tiles of a unit.
TEST(Dot, FarRowsArePackedOnceForAUnit) {
  const auto part_of_larger = [](std::string_view rows, int64_t columns) {
    return loops::parse(fmt::format(R"(
kernel @dot(%a: f32[163840] in, %b: f32[{2}] in, %c: f32[{3}] out) symbols(1) {{
  for i0 < {0}, i1 < {1} {{
    pass j2 < 40 {{
      %0 = load f32 %a[4096*j2 + i0]
      %1 = load f32 %b[40*i1 + j2]
      %2 = dot f32 %0, %1
    }}
    pass {{
      store f32 %c[{1}*i0 + i1], %2
    }}
  }}
}})",
                                    rows, columns, 40 * columns, 21 * columns))[0];
  };
  for (const auto& [kernel, known] :
       {std::pair{part_of_larger("20", 70), true}, std::pair{part_of_larger("s0", 2048), false}}) {
    for (const Isa isa : {Isa::kAvx2, Isa::kAvx512}) {
      const auto plan = plan_dot(kernel, isa);
      ASSERT_TRUE(plan && plan->pack_rows);
      EXPECT_EQ(plan->packed_row_tiles(), known ? plan->block_tiles : 1);
      EXPECT_GT(plan->block_tiles, 1);
    }
    check_kernel(kernel, {.symbols = {21}, .special_values = false});
  }
}

TEST(Dot, RunTimeExtents) {
  constexpr std::string_view kText = R"(
kernel @dot(%a: f32[s3] in, %b: f32[s4] in, %d: f32[s1] in, %c: f32[s5] out) symbols(6) {
  for i0 < s0, i1 < s1 {
    pass j2 < s2 {
      %0 = load f32 %a[s2*i0 + j2]
      %1 = load f32 %b[s1*j2 + i1]
      %2 = dot f32 %0, %1
    }
    pass {
      %3 = load f32 %d[i1]
      %4 = add f32 %2, %3
      %5 = relu f32 %4
      store f32 %c[s1*i0 + i1], %5
    }
  }
})";
  for (const auto& [m, n, k] : std::vector<std::array<int64_t, 3>>{{1, 1, 1},
                                                                   {7, 33, 20},
                                                                   {64, 128, 30},
                                                                   {65, 10, 3},
                                                                   {75, 10, 1100},
                                                                   {3, 64, 9},
                                                                   {15, 33, 1030},
                                                                   {0, 5, 5},
                                                                   {5, 40, 0}})
    check_kernel(kText, {.symbols = {m, n, k, m * k, k * n, m * n}, .special_values = false});
}

// Where operands and results begin is known at run time only.
TEST(Dot, RunTimeOffsets) {
  const std::string text = R"(
kernel @dot(%a: f32[3000] in, %b: f32[3000] in, %v: f32[300] in, %c: f32[900] out) symbols(3) {
  for i0 < 3, i1 < 9, i2 < 20 {
    pass j3 < 12 {
      %0 = load f32 %a[BATCH12*i1 + j3 + 108*s0]
      %1 = load f32 %b[20*j3 + i2 + s1 + 240*s2 + 7]
      %2 = dot f32 %0, %1
    }
    pass {
      %3 = load f32 %v[i2 + 20*s0]
      %4 = add f32 %2, %3
      store f32 %c[180*i0 + 20*i1 + i2 + 3*s2], %4
    }
  }
})";
  for (const char* batch : {"", "108*i0 + "}) {
    std::string kernel = text;
    kernel.replace(kernel.find("BATCH"), 5, batch);
    const loops::Kernel parsed = loops::parse(kernel)[0];
    EXPECT_TRUE(plan_dot(parsed, Isa::kAvx2));
    for (const std::vector<int64_t>& symbols : {std::vector<int64_t>{0, 0, 0}, {5, 13, 2}})
      check_kernel(parsed, {.symbols = symbols, .special_values = false});
  }
}

TEST(Dot, Batches) {
  constexpr std::string_view kText = R"(
kernel @dot(%a: f32[1800] in, %b: f32[3300] in, %c: f32[5940] out) symbols(0) {
  for i0 < 3, i1 < 4, i2 < 15, i3 < 33 {
    pass j4 < 10 {
      %0 = load f32 %a[600*i0 + 150*i1 + 10*i2 + j4]
      %1 = load f32 %b[330*i1 + 33*j4 + i3]
      %2 = dot f32 %0, %1
    }
    pass {
      store f32 %c[1980*i0 + 33*i2 + 495*i1 + i3], %2
    }
  }
})";
  check_kernel(kText, kPlain);
}

TEST(Dot, OptimiserAsEpilogue) {
  for (const int n : {48, 128})
    check_kernel(fmt::format(R"(
kernel @dw(%x: f32[1280] in, %d: f32[{1}] in, %w: f32[{2}] inout, %v: f32[{2}] inout, %lr: f32[1] in, %h: f32[{0}] in) symbols(0) {{
  for i0 < 20, i1 < {0} {{
    pass j2 < 64 {{
      %0 = load f32 %x[20*j2 + i0]
      %1 = load f32 %d[{0}*j2 + i1]
      %2 = dot f32 %0, %1
    }}
    pass {{
      %3 = load f32 %v[{0}*i0 + i1]
      %4 = constant f32 0.9
      %5 = mul f32 %3, %4
      %6 = add f32 %5, %2
      store f32 %v[{0}*i0 + i1], %6
      %8 = load f32 %lr[0]
      %9 = mul f32 %8, %6
      %10 = load f32 %w[{0}*i0 + i1]
      %11 = load f32 %h[i1]
      %12 = constant f32 0
      %13 = gt bool %11, %12
      %14 = select f32 %13, %9, %12
      %15 = sub f32 %10, %14
      store f32 %w[{0}*i0 + i1], %15
    }}
  }}
}})",
                             n, 64 * n, 20 * n),
                 kPlain);
}

// A layer's weights [out, in] need not be turned for the few rows of a small batch.
TEST(Dot, VectorsOverFewRows) {
  for (const char* type : {"f32", "f64"})
    for (const int64_t rows : {5, 8, 9, 16}) {
      const auto kernel = dot(rows, 80, 37, {.b_turned = true}, type);
      for (const Isa isa : {Isa::kAvx2, Isa::kAvx512}) {
        const auto plan = plan_dot(kernel, isa);
        ASSERT_TRUE(plan);
        EXPECT_EQ(plan->column_range, 0);
        EXPECT_LE(plan->panel_elements() * plan->block_panels, 48 * 16);
      }
      check_kernel(kernel, kPlain);
    }
  for (const int64_t rows : {4, 17})
    EXPECT_EQ(plan_dot(dot(rows, 80, 37, {.b_turned = true}), Isa::kAvx2)->column_range, 1);
}

// An optimiser's step on weights [out, in]: who has the first half of the units has the first half of `out` and nothing
// else, as in the forward product, so that weights and moments stay in one core's caches.
TEST(Dot, UpdatesAreCutByRows) {
  for (const int64_t batch : {8, 64}) {
    const auto kernel = loops::parse(fmt::format(R"(
kernel @dw(%d: f32[{0}] in, %x: f32[{1}] in, %m: f32[12800] in, %n: f32[12800] out) symbols(0) {{
  for i0 < 128, i1 < 100 {{
    pass j2 < {2} {{
      %0 = load f32 %d[128*j2 + i0]
      %1 = load f32 %x[100*j2 + i1]
      %2 = dot f32 %0, %1
    }}
    pass {{
      %3 = load f32 %m[100*i0 + i1]
      %4 = add f32 %3, %2
      store f32 %n[100*i0 + i1], %4
    }}
  }}
}})",
                                                 128 * batch, 100 * batch, batch))[0];
    check_kernel(kernel, kPlain);
    for (const Isa isa : {Isa::kAvx2, Isa::kAvx512}) {
      const auto plan = plan_dot(kernel, isa);
      ASSERT_TRUE(plan && plan->rows_first && plan->tiles);
      const auto units = plan->units(kernel).factors;
      ASSERT_EQ(units.size(), 2U);
      EXPECT_EQ(units[0].extent, *plan->tiles);
      EXPECT_EQ(*plan->tiles, 2 * units[0].divisor);
    }
  }
  EXPECT_FALSE(plan_dot(dot(128, 100, 8), Isa::kAvx2)->rows_first);
}

TEST(Dot, VectorsAndNumbers) {
  check_kernel(R"(
kernel @matvec(%a: f32[2000] in, %x: f32[40] in, %y: f32[50] out) symbols(0) {
  for i0 < 50 {
    pass j1 < 40 {
      %0 = load f32 %a[40*i0 + j1]
      %1 = load f32 %x[j1]
      %2 = dot f32 %0, %1
    }
    pass {
      store f32 %y[i0], %2
    }
  }
}
kernel @inner(%a: f32[40] in, %x: f32[40] in, %y: f32[1] out) symbols(0) {
  pass j0 < 40 {
    %0 = load f32 %a[j0]
    %1 = load f32 %x[j0]
    %2 = dot f32 %0, %1
  }
  pass {
    store f32 %y[0], %2
  }
})",
               kPlain);
}

}  // namespace
}  // namespace sinter::codegen::cpu
