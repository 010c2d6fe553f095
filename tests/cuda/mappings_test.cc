// Every mapping of threads, against the kernel interpreter.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ir/loops/text.h"
#include "passes/schedule/cuda.h"
#include "tests/cuda/check_cuda.h"
#include "tests/fuzz/seeds.h"
#include "tests/loops/random_kernel.h"

namespace sinter::codegen::cuda {
namespace {

using Mapping = loops::Schedule::Mapping;

void append(std::vector<Case>& cases, std::vector<Case> more) {
  cases.insert(cases.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

TEST(Mappings, PointsOneByOneAndInVectors) {
  std::vector<Case> cases;
  for (const int n : {1, 63, 4096, 5003})
    append(cases, random_cases(fmt::format(R"(
kernel @chain(%x: f32[{0}] in, %y: f32[{0}] in, %s: f32[1] in, %z: f32[{0}] out, %m: bool[{0}] out) {{
  for i0 < {0} {{
    pass {{
      %0 = load f32 %x[i0]
      %1 = load f32 %y[i0]
      %2 = load f32 %s[0]
      %3 = mul f32 %0, %1
      %4 = add f32 %3, %2
      %5 = exp f32 %4
      store f32 %z[i0], %5
      %7 = lt bool %4, %0
      store bool %m[i0], %7
    }}
  }}
}})",
                                           n)));
  append(cases, random_cases(R"(
kernel @flat(%x: f64[9600] in, %b: f64[48] in, %c: f64[200] in, %y: f64[9600] out) {
  for i0 < 9600 {
    pass {
      %0 = load f64 %x[i0]
      %1 = load f64 %b[mod(i0, 48)]
      %2 = load f64 %c[div(i0, 48)]
      %3 = add f64 %0, %1
      %4 = div f64 %3, %2
      store f64 %y[i0], %4
    }
  }
}
kernel @turned(%x: f32[7500] in, %t: f32[7500] out) {
  for i0 < 60, i1 < 125 {
    pass {
      %0 = load f32 %x[60*i1 + i0]
      %1 = tanh f32 %0
      store f32 %t[125*i0 + i1], %1
    }
  }
}
kernel @pad(%x: f32[5000] in, %y: f32[8000] out, %k: i64[8000] out) {
  for i0 < 8000 {
    pass {
      %0 = index i64 i0
      %1 = constant i64 1500
      %2 = constant i64 6500
      %3 = le bool %1, %0
      %4 = lt bool %0, %2
      %5 = logical_and bool %3, %4
      %6 = load f32 %x[i0 - 1500] if %5
      store f32 %y[i0], %6
      %8 = mul i64 %0, %1
      store i64 %k[i0], %8
    }
  }
}
kernel @bits(%s: i64[2] in, %y: i64[5000] out) {
  for i0 < 5000 {
    pass {
      %0 = load i64 %s[0]
      %1 = load i64 %s[1]
      %2 = index i64 i0
      %3 = rng_bits i64 %0, %1, %2
      store i64 %y[i0], %3
    }
  }
}
)"));
  check_cuda(std::move(cases));
}

TEST(Mappings, RowsWithSeveralReductions) {
  std::vector<Case> cases;
  for (const int n : {1, 10, 37, 4500}) {
    const std::string text = fmt::format(R"(
kernel @softmax(%x: f32[{1}] in, %l: i64[7] in, %y: f32[{1}] out, %a: i64[7] out) {{
  for i0 < 7 {{
    pass j1 < {0} {{
      %0 = load f32 %x[{0}*i0 + j1]
      %1 = reduce max f32 %0
      %2 = index i64 j1
      %3 = argmax i64 %0, %2
    }}
    pass j1 < {0} {{
      %4 = load f32 %x[{0}*i0 + j1]
      %5 = sub f32 %4, %1
      %6 = exp f32 %5
      %7 = reduce sum f32 %6
      %8 = reduce min f32 %5
      store f32 %y[{0}*i0 + j1], %6
    }}
    pass {{
      %10 = load i64 %l[i0]
      %11 = check_index i64 %10 < {0}
      store i64 %a[i0], %3
    }}
    pass j1 < {0} {{
      %13 = load f32 %y[{0}*i0 + j1]
      %14 = div f32 %13, %7
      %15 = index i64 j1
      %16 = eq bool %15, %11
      %17 = select f32 %16, %8, %14
      store f32 %y[{0}*i0 + j1], %17
    }}
  }}
}})",
                                         n, 7 * n);
    append(cases, random_cases(text, {.index_limit = n}));
    append(cases, random_cases(text, {.index_limit = n}));
    cases.back().kernel.schedule = {.mapping = Mapping::kBlock, .threads = 256};
    append(cases, random_cases(text, {.index_limit = n, .special_values = false}));
    cases.back().kernel.schedule = {.mapping = Mapping::kColumn, .threads = 512};
  }
  check_cuda(std::move(cases));
}

TEST(Mappings, Columns) {
  check_cuda(random_cases(R"(
kernel @columns(%x: f32[6600] in, %p: f32[33] inout, %q: f64[33] out, %n: i64[33] out) {
  for i0 < 33 {
    pass j1 < 200 {
      %0 = load f32 %x[33*j1 + i0]
      %1 = reduce sum f32 %0
      %2 = index i64 j1
      %3 = argmax i64 %0, %2
    }
    pass {
      %4 = load f32 %p[i0]
      %5 = sub f32 %4, %1
      store f32 %p[i0], %5
      %7 = to_f64 f64 %1
      %8 = sqrt f64 %7
      store f64 %q[i0], %8
      store i64 %n[i0], %3
    }
  }
}
kernel @columns_of_two_types(%x: f32[6600] in, %y: f32[33] out, %z: f64[33] out) {
  for i0 < 33 {
    pass j1 < 200 {
      %0 = load f32 %x[33*j1 + i0]
      %1 = reduce sum f32 %0
      %2 = to_f64 f64 %0
      %3 = reduce sum f64 %2
    }
    pass {
      store f32 %y[i0], %1
      store f64 %z[i0], %3
    }
  }
}
kernel @long_columns(%x: f32[50000] in, %y: f32[5] out) {
  for i0 < 5 {
    pass j1 < 10000 {
      %0 = load f32 %x[5*j1 + i0]
      %1 = reduce sum f32 %0
    }
    pass {
      store f32 %y[i0], %1
    }
  }
}
)"));
}

TEST(Mappings, SplitOverBlocks) {
  std::vector<Case> cases;
  for (const int n : {40000, 70001}) {
    append(cases, random_cases(fmt::format(R"(
kernel @long(%x: f32[{1}] in, %c: i64[{1}] in, %y: f32[3] out, %a: i64[6] out) {{
  for i0 < 3 {{
    pass j1 < {0} {{
      %0 = load f32 %x[{0}*i0 + j1]
      %1 = reduce sum f32 %0
      %2 = index i64 j1
      %3 = argmax i64 %0, %2
      %4 = load i64 %c[{0}*i0 + j1]
      %5 = check_index i64 %4 < 4
      %6 = reduce sum i64 %5
    }}
    pass {{
      store f32 %y[i0], %1
      store i64 %a[2*i0], %3
      store i64 %a[2*i0 + 1], %6
    }}
  }}
}})",
                                           n, 3 * n),
                               {.special_values = false}));
  }
  append(cases, random_cases(R"(
kernel @columns(%x: f32[333000] in, %d: f64[37] in, %y: f64[37] out, %a: i64[37] out) {
  for i0 < 37 {
    pass j1 < 9000 {
      %0 = load f32 %x[37*j1 + i0]
      %1 = to_f64 f64 %0
      %2 = reduce sum f64 %1
      %3 = index i64 j1
      %4 = argmax i64 %0, %3
      %5 = reduce max f32 %0
    }
    pass {
      %6 = to_f64 f64 %5
      %7 = load f64 %d[i0]
      %8 = add f64 %7, %2
      %9 = mul f64 %8, %6
      store f64 %y[i0], %9
      store i64 %a[i0], %4
    }
  }
})"));
  for (Case& each : cases) {
    passes::schedule_cuda(each.kernel);
    EXPECT_EQ(loops::mapping_name(each.kernel.schedule.mapping), "split");
  }
  append(cases, random_cases(R"(
kernel @any_length(%x: f64[s0] in, %y: f64[1] out) symbols(1) {
  pass j0 < s0 {
    %0 = load f64 %x[j0]
    %1 = reduce sum f64 %0
  }
  pass {
    store f64 %y[0], %1
  }
})",
                             {.symbols = {9001}}));
  append(cases, {random_case(cases.back().kernel, {.symbols = {0}})});
  check_cuda(std::move(cases));
}

TEST(Mappings, ScatterAndGather) {
  const std::string text = R"(
kernel @scatter(%o: f32[640] inout, %i: i64[50] in, %u: f32[3200] in) {
  for i0 < 64 {
    pass j1 < 50 {
      %0 = load i64 %i[j1]
      %1 = check_index i64 %0 < 10
      %2 = load f32 %u[64*j1 + i0]
      accumulate f32 %o[64*%1 + i0], %2
    }
  }
}
kernel @rows(%x: f32[90] in, %o: f32[90] out, %i: i64[9] in, %u: f32[9] in) {
  for i0 < 9 {
    pass j1 < 10 {
      %0 = load f32 %x[10*i0 + j1]
      store f32 %o[10*i0 + j1], %0
    }
    pass {
      %2 = load i64 %i[i0]
      %3 = load f32 %u[i0]
      %4 = check_index i64 %2 < 10
    }
    pass j1 < 1 {
      accumulate f32 %o[10*i0 + %4], %3
    }
  }
}
kernel @gather(%b: i64[s0] in, %x: f32[s3] in, %o: f32[s0] out) symbols(4) {
  for i0 < s0 {
    pass {
      %0 = load i64 %b[i0]
      %1 = check_index i64 %0 < s1
      %2 = load f32 %x[s2*i0 + %1]
      store f32 %o[i0], %2
    }
  }
})";
  std::vector<Case> cases = random_cases(text, {.symbols = {100, 10, 10, 1000}, .index_limit = 10});
  append(cases, random_cases(text, {.symbols = {100, 10, 10, 1000}, .index_limit = 12}));  // some fail
  for (Case& each : cases)
    if (each.kernel.symbols == 0) each.symbols.clear();
  check_cuda(std::move(cases));
}

// rows x depth by depth x columns under a tile; transposed operands, with an epilogue.
std::string dot_text(int rows, int columns, int depth, bool turn_a, bool turn_b, std::string_view dtype = "f32") {
  return fmt::format(R"(
kernel @dot(%a: {5}[{6}] in, %b: {5}[{7}] in, %c: {5}[{1}] in, %d: {5}[{8}] out) {{
  for i0 < {0}, i1 < {1} {{
    pass j2 < {2} {{
      %0 = load {5} %a[{3}]
      %1 = load {5} %b[{4}]
      %2 = dot {5} %0, %1
    }}
    pass {{
      %3 = load {5} %c[i1]
      %4 = add {5} %2, %3
      %5 = relu {5} %4
      store {5} %d[{1}*i0 + i1], %5
    }}
  }}
}})",
                     rows, columns, depth, turn_a ? fmt::format("{}*j2 + i0", rows) : fmt::format("{}*i0 + j2", depth),
                     turn_b ? fmt::format("{}*i1 + j2", depth) : fmt::format("{}*j2 + i1", columns), dtype,
                     rows * depth, depth * columns, rows * columns);
}

TEST(Mappings, TilesOfDots) {
  std::vector<Case> cases;
  const loops::Schedule tiles[] = {
      {.tile_rows = 16,
       .tile_columns = 16,
       .block_k = 32,
       .mapping = Mapping::kTile,
       .threads = 256,
       .thread_rows = 1,
       .thread_columns = 1},
      {.vector = 1,
       .tile_rows = 32,
       .tile_columns = 32,
       .block_k = 32,
       .mapping = Mapping::kTile,
       .threads = 256,
       .thread_rows = 2,
       .thread_columns = 2},
      {.vector = 1,
       .tile_rows = 64,
       .tile_columns = 64,
       .block_k = 16,
       .mapping = Mapping::kTile,
       .threads = 256,
       .thread_rows = 4,
       .thread_columns = 4},
      {.vector = 1,
       .tile_rows = 128,
       .tile_columns = 128,
       .block_k = 8,
       .mapping = Mapping::kTile,
       .threads = 256,
       .thread_rows = 8,
       .thread_columns = 8},
  };
  int turn = 0;
  for (const loops::Schedule& tile : tiles)
    for (const auto& [rows, columns, depth] : {std::tuple{33, 66, 35}, std::tuple{20, 36, 16}}) {
      for (int i = 0; i < 2; ++i, ++turn) {
        append(cases, random_cases(dot_text(rows, columns, depth, turn % 2 == 0, turn / 2 % 2 == 0), {.seed = 3}));
        cases.back().kernel.schedule = tile;
      }
    }
  append(cases, random_cases(dot_text(5, 70, 40, false, true)));
  append(cases, random_cases(dot_text(70, 1, 40, true, false)));
  append(cases, random_cases(dot_text(3, 4, 0, true, false)));
  append(cases, random_cases(dot_text(40, 40, 20, true, true, "f64")));
  append(cases, random_cases(dot_text(20, 20, 20, false, false, "i64")));
  append(cases, random_cases(R"(
kernel @batched(%a: f32[s3] in, %b: f32[1280] in, %d: f32[s4] out) symbols(5) {
  for i0 < 4, i1 < s0, i2 < 5, i3 < 4 {
    pass j4 < 2, j5 < s1 {
      %0 = load f32 %a[s2*i1 + 16*i0 + 8*j4 + j5]
      %1 = load f32 %b[320*i0 + 64*i2 + 16*i3 + 8*j4 + j5]
      %2 = dot f32 %0, %1
    }
    pass {
      store f32 %d[80*i1 + 20*i0 + 4*i2 + i3], %2
    }
  }
})",
                             {.symbols = {19, 8, 64, 1216, 1520}}));
  check_cuda(std::move(cases));
}

TEST(Mappings, RandomKernels) {
  constexpr uint64_t kTogether = 25;  // one compilation
  const tests::Seeds seeds = tests::seeds(2 * kTogether);
  for (uint64_t first = seeds.first; first < seeds.first + seeds.count; first += kTogether) {
    const tests::SeedScope scope(first);
    tests::set_stage("or one of the 24 after it");
    std::vector<Case> cases;
    for (uint64_t seed = first; seed < first + kTogether; ++seed) {
      loops::RandomKernel made = loops::random_kernel(seed);
      made.kernel.schedule = {};
      cases.push_back({std::move(made.kernel), std::move(made.buffers), std::move(made.symbols)});
    }
    check_cuda(std::move(cases));
  }
}

}  // namespace
}  // namespace sinter::codegen::cuda
