// How addresses move along a range, and which ranges of a dot are rows and columns.
#include "ir/loops/walk.h"

#include <gtest/gtest.h>

#include "ir/loops/dot_ranges.h"
#include "ir/loops/text.h"

namespace sinter::loops {
namespace {

// The index of the one load of a kernel over i0 < 64, i1 < 64, with symbols s0 and s1.
Index index_of(const std::string& text) {
  return parse(
             "kernel @k(%x: f32[100000] in) symbols(2) { for i0 < 64, i1 < 64 { pass { %0 = constant i64 3 %1 = load "
             "f32 %x[" +
             text + "] } } }")
      .at(0)
      .passes[0]
      .insts[1]
      .index;
}

TEST(Walk, AlongTheLastRange) {
  for (const char* still :
       {"5", "i0", "7*i0 + 3", "div(i1, 4)", "mod(i0, 5)", "3*div(i1, 8)", "s0*i0", "s0", "i0 + s1"})
    EXPECT_EQ(walk(index_of(still), 1, 4), Walk::kStill) << still;
  for (const char* one_by_one :
       {"i1", "8*i0 + i1", "i1 + 4", "mod(i1, 8)", "4*div(i0, 3) + i1", "mod(i1, 8) + 4*div(i1, 8)", "i1 + 4*s0"})
    EXPECT_EQ(walk(index_of(one_by_one), 1, 4), Walk::kOneByOne) << one_by_one;
  for (const char* other :
       {"2*i1", "6*i0 + i1", "i1 + 1", "i1 + i0", "s0*i0 + i1", "s0*i1", "mod(i1, 6)", "div(i1, 2)", "mod(i1, s1)",
        "i1 + %0", "i1 + s0", "mod(i1 + s0, 8)", "mod(i1 + 1, 8)", "i1 + mod(i1, 4)", "8*mod(i1, 8)"})
    EXPECT_EQ(walk(index_of(other), 1, 4), Walk::kOther) << other;
  EXPECT_EQ(walk(index_of("6*i0 + i1"), 1, 2), Walk::kOneByOne);
  EXPECT_EQ(walk(index_of("6*i0 + i1"), 0, 2), Walk::kOther);
}

TEST(Walk, NeverNegative) {
  EXPECT_TRUE(never_negative(index_of("i0 + div(i1 + 3, 4) + mod(i0 - 9, 5) + 2*s0")));
  for (const char* unknown : {"i0 - 1", "%0", "div(i0 - 9, 5)"})
    EXPECT_FALSE(never_negative(index_of(unknown))) << unknown;
}

TEST(Layout, IsConstantWhereSymbolsAreOffsets) {
  const auto constant = [](const std::string& size, const std::string& extent, const std::string& index) {
    return has_constant_layout(parse("kernel @k(%x: f32[" + size + "] in) symbols(1) { for i0 < " + extent +
                                     " { pass { %0 = load f32 %x[" + index + "] } } }")
                                   .at(0));
  };
  EXPECT_TRUE(constant("64", "8", "i0 + 8*s0 + div(i0 + s0, 3)"));
  EXPECT_FALSE(constant("s0", "8", "i0"));
  EXPECT_FALSE(constant("64", "s0", "i0"));
  EXPECT_FALSE(constant("64", "8", "s0*i0"));
  EXPECT_FALSE(constant("64", "8", "div(i0, s0)"));
  EXPECT_FALSE(constant("64", "8", "mod(s0*i0, 3)"));
}

TEST(DotRanges, RowsColumnsAndBatch) {
  const auto ranges = [](const std::string& a, const std::string& b, const std::string& stored) {
    return dot_ranges(parse("kernel @k(%a: f32[64] in, %b: f32[64] in, %c: f32[64] out) { for i0 < 2, i1 < 3, i2 < 4 { "
                            "pass j3 < 2 { %0 = load f32 %a[" +
                            a + "] %1 = load f32 %b[" + b + "] %2 = dot f32 %0, %1 } pass { store f32 %c[" + stored +
                            "], %2 } } }")
                          .at(0));
  };
  using Ids = std::vector<uint32_t>;
  const auto plain = ranges("6*i0 + 2*i1 + j3", "8*i0 + 4*j3 + i2", "12*i0 + 4*i1 + i2");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->rows_load, 0U);
  EXPECT_EQ(plain->rows, Ids{1});
  EXPECT_EQ(plain->columns, Ids{2});
  EXPECT_EQ(plain->batch, Ids{0});
  // The result is stored along what the first load walks.
  const auto turned = ranges("2*div(i2, 2) + j3", "6*i0 + 2*i1 + j3", "24*i0 + 8*i1 + i2");
  ASSERT_TRUE(turned);
  EXPECT_EQ(turned->rows_load, 1U);
  EXPECT_EQ(turned->rows, (Ids{0, 1}));
  EXPECT_EQ(turned->columns, Ids{2});
  EXPECT_TRUE(turned->batch.empty());
}

}  // namespace
}  // namespace sinter::loops
