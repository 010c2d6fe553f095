// The text of kernels: what it looks like, what is refused and where, and that no text brings the parser down.
#include <random>

#include "tests/loops/random_kernel.h"
#include "tests/loops/run_kernel.h"

namespace sinter::loops {
namespace {

constexpr const char* kEverything =
    R"(kernel @all(%x: f32[64] in, %t: i64[s1] in, %y: f32[64] out, %b.1: bool[8] inout) symbols(2) schedule(vector = i1, unroll = 2) {
  for i0 < 4, i1 < s0 {
    pass j2 < 2, j3 < 2 {
      %0 = load f32 %x[16*i0 + 4*i1 + 2*j2 + j3]
      %1 = reduce max f32 %0
      %2 = index i64 2*j2 + j3
      %3 = argmax i64 %0, %2
    }
    pass {
      %4 = constant bool true
      %5 = load i64 %t[s1*i0 + div(i1, s0) + div(mod(3*i1 - 7, 5), 2) + 1] if %4
      %6 = check_index i64 %5 < 16
      %7 = load f32 %x[%6 + %3 + 3*s0 + s1 + 3]
      %8 = rng_bits i64 %5, %5, %6
      %9 = to_f32 f32 %8
      %10 = add f32 %9, %1
      store f32 %y[16*i0 + i1], %10
      store bool %b.1[i0], %4 if %4
      accumulate f32 %y[0], %7
    }
  }
}
)";

TEST(KernelText, PrintsAsItReads) { EXPECT_EQ(print(parse(kEverything).at(0)), kEverything); }

TEST(KernelText, DotAndNoOuterRanges) {
  const std::string text =
      R"(kernel @k(%x: f64[8] in, %y: f64[1] out) schedule(vector = inner, tile_rows = 4, tile_columns = 32, block_k = 256) {
  pass j0 < 8 {
    %0 = load f64 %x[j0]
    %1 = load f64 %x[0]
    %2 = dot f64 %0, %1
  }
  pass {
    store f64 %y[0], %2
  }
}
)";
  EXPECT_EQ(print(parse(text).at(0)), text);
  EXPECT_TRUE(parse(text).at(0).is_dot());
}

TEST(KernelText, SchedulesForCuda) {
  for (const char* schedule :
       {"vector = i0, unroll = 4, cuda = point, threads = 256", "cuda = row, threads = 128",
        "cuda = column, threads = 512", "cuda = block, threads = 256", "cuda = split, threads = 256",
        "tile_rows = 64, tile_columns = 32, block_k = 16, cuda = tile, threads = 128, thread_rows = 4, thread_columns "
        "= 4"}) {
    const std::string text = fmt::format("kernel @k() schedule({}) {{\n  for i0 < 4 {{\n  }}\n}}\n", schedule);
    EXPECT_EQ(print(parse(text).at(0)), text);
  }
}

TEST(KernelText, ConstantsKeepTheirBits) {
  for (const char* constant : {"f32 0.1", "f32 -0", "f32 inf", "f32 -inf", "f32 nan", "f32 nan(0xffc00001)",
                               "f32 3.4028235e+38", "f32 1e-45", "f64 0.1", "f64 1e+300", "f64 nan(0x7ff8000000000001)",
                               "i64 -9223372036854775808", "i64 9223372036854775807", "bool false"}) {
    const std::string text = "kernel @k() {\n  pass {\n    %0 = constant " + std::string(constant) + "\n  }\n}\n";
    EXPECT_EQ(print(parse(text).at(0)), text);
  }
}

TEST(KernelText, IndexConstantsReachTheEndsOfTheirRange) {
  for (const char* index : {"-9223372036854775808", "9223372036854775807", "j0 - 9223372036854775808",
                            "j0 + 9223372036854775807", "0*j0", "9223372036854775807*j0", "j0 + j0"}) {
    const std::string text = "kernel @k() {\n  pass j0 < 2 {\n    %0 = index i64 " + std::string(index) + "\n  }\n}\n";
    EXPECT_EQ(print(parse(text).at(0)), text);
  }
}

TEST(KernelText, LocationsOnlyWhenAsked) {
  const std::string with =
      "kernel @k() {\n  pass {\n    %0 = constant i64 1  loc(\"a \\\"b\\\".cc\":12, \"c.cc\":3)\n  }\n}\n";
  const Kernel kernel = parse(with).at(0);
  EXPECT_EQ(print(kernel, true), with);
  EXPECT_EQ(print(kernel).find("loc"), std::string::npos);
}

TEST(KernelText, SeveralKernelsAndComments) {
  const auto kernels = parse("// first\nkernel @a() {}\nkernel @b() { pass {} } // second");
  ASSERT_EQ(kernels.size(), 2u);
  EXPECT_EQ(kernels[1].name, "b");
  EXPECT_EQ(kernels[1].passes.size(), 1u);
}

TEST(KernelText, SingleInstructionsForMessages) {
  const Kernel kernel = parse(kEverything).at(0);
  EXPECT_EQ(print_inst(kernel, 10), "%10 = add f32 %9, %1");
  EXPECT_EQ(print_inst(kernel, 12), "store bool %b.1[i0], %4 if %4");
}

struct Refused {
  const char* text;
  const char* problem;
};

class RefusedText : public testing::TestWithParam<Refused> {};

TEST_P(RefusedText, SaysWhatAndWhere) {
  try {
    (void)parse(GetParam().text, "k.sir");
    FAIL() << "parsed: " << GetParam().text;
  } catch (const ParseError& error) {
    EXPECT_NE(std::string(error.what()).find(GetParam().problem), std::string::npos) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(
    KernelText, RefusedText,
    testing::Values(
        Refused{"func @f() {}", "k.sir:1:1: expected 'kernel', got 'func'"},
        Refused{"kernel @k(%x: i32[4] in) {}", "1:15: expected an element type"},
        Refused{"kernel @k(%x: f32[-4] in) {}", "'-4' is not an integer that fits here"},
        Refused{"kernel @k(%x: f32[t1] in) {}", "expected a dimension (a number or a symbol like s0), got 't1'"},
        Refused{"kernel @k(%1: f32[4] in) {}", "expected a buffer's name"},
        Refused{"kernel @k(%x: f32[4] both) {}", "expected in, out or inout"},
        Refused{"kernel @k() schedule(lanes = 4) {}", "schedules have no 'lanes'"},
        Refused{"kernel @k() schedule(vector = j1) {}", "expected an outer range or inner"},
        Refused{"kernel @k() schedule(cuda = cpu) {}", "expected point, row, column, block, split or tile"},
        Refused{"kernel @k() { for i1 < 4 { } }", "expected range i0"},
        Refused{"kernel @k() { for i0 < 4 { pass j0 < 3 { } } }", "expected range j1"},
        Refused{"kernel @k() { pass {\n %1 = constant i64 0 } }", "2:2: expected %0 here, got %1"},
        Refused{"kernel @k() { pass { %0 = constant i64 0.5 } }", "'0.5' is no i64"},
        Refused{"kernel @k() { pass { %0 = neg f32 %0 } }", "%0 is no value defined before this"},
        Refused{"kernel @k() { pass { %0 = frob f32 %0 } }", "there is no instruction 'frob'"},
        Refused{"kernel @k() { pass { %0 = reduce mean f32 %0 } }", "there is no combiner 'mean'"},
        Refused{"kernel @k() { pass { %0 = load f32 %x[0] } }", "there is no buffer %x"},
        Refused{"kernel @k() { pass { %0 = index i64 i0 } }", "there is no range i0 here"},
        Refused{"kernel @k() { pass j0 < 2 { %0 = index i64 i0 } }", "there is no range i0 here"},
        Refused{"kernel @k() { pass j0 < 2 { %0 = index i64 -2*j0 } }", "coefficients of an index are not negative"},
        Refused{"kernel @k() { pass j0 < 2 { %0 = index i64 1 - j0 } }", "only numbers can be subtracted"},
        Refused{"kernel @k() { pass j0 < 2 { %0 = index i64 div(j0, 0) } }", "division by zero"},
        Refused{"kernel @k() { pass { %0 = index i64 9223372036854775807 + 1 } }", "does not fit in 64 bits"},
        Refused{"kernel @k() { pass {", "expected an instruction or '}', got the end of the text"},
        Refused{"kernel @k() { } }", "expected 'kernel'"}));

TEST(KernelText, DeepNestingIsRefused) {
  std::string index;
  for (int i = 0; i < 100000; ++i) index += "div(";
  EXPECT_THROW((void)parse("kernel @k() { pass { %0 = index i64 " + index + " } }"), ParseError);
}

// Whatever becomes of a text, the parser throws ParseError and the verifier InternalError, or both are content and the
// kernel round-trips.
TEST(KernelText, SurvivesMutation) {
  std::mt19937 random(1);
  std::vector<std::string> seeds{kEverything};
  for (uint64_t seed = 0; seed < 20; ++seed) seeds.push_back(print(random_kernel(seed).kernel, true));
  const std::string pieces[] = {"%0",    "%99",  "-1",    "9223372036854775807",
                                "s0",    "s7",   "i0",    "j1",
                                "(",     ")",    "{",     "}",
                                "*",     "mod(", "div(",  "<",
                                "f32",   "[",    "store", "nan",
                                "\"a\"", "i64",  "pass",  " + ",
                                "0",     "if",   "loc",   "%",
                                "\xff",  "\n"};
  const auto below = [&](size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random); };
  int parsed = 0, verified = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string text = seeds[below(seeds.size())];
    for (size_t changes = 1 + below(3); changes > 0; --changes) {
      const size_t at = below(text.size()), length = std::min(below(8), text.size() - at);
      switch (below(4)) {
        case 0:
          text.erase(at, length);
          break;
        case 1:
          text.insert(at, pieces[below(std::size(pieces))]);
          break;
        case 2:
          text[at] = static_cast<char>(below(256));
          break;
        default:
          text.insert(at, text.substr(below(text.size()), length));
          break;
      }
      if (text.empty()) text = " ";
    }
    try {
      for (const Kernel& kernel : parse(text)) {
        ++parsed;
        const std::string printed = print(kernel, true);
        ASSERT_EQ(print(parse(printed).at(0), true), printed);
        verify(kernel);
        ++verified;
      }
    } catch (const ParseError&) {
    } catch (const InternalError&) {
    }
  }
  EXPECT_GT(parsed, 200);
  EXPECT_GT(verified, 100);
}

}  // namespace
}  // namespace sinter::loops
