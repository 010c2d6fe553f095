// Shapes: counting, strides, symbols, text, and axes counted from the end.
#include "support/shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace sinter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Property;
using testing::Throws;

TEST(Shape, CountsElements) {
  EXPECT_EQ(Shape{}.numel(), 1);
  EXPECT_EQ((Shape{2, 3, 4}).numel(), 24);
  EXPECT_EQ((Shape{5, 0, 7}).numel(), 0);
}

TEST(Shape, AnEmptyShapeIsEmptyHoweverLargeTheRest) {
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  EXPECT_EQ((Shape{kHuge, kHuge, 0}).numel(), 0);
  EXPECT_EQ((Shape{kHuge, 1}).numel(), kHuge);
}

TEST(Shape, TooManyElementsIsAnError) {
  constexpr int64_t kLarge = int64_t{1} << 32;
  EXPECT_THAT([&] { return (Shape{kLarge, kLarge}).numel(); },
              Throws<ShapeError>(Property(&ShapeError::what, HasSubstr("[4294967296, 4294967296]"))));
}

TEST(Shape, StridesAreRowMajor) {
  EXPECT_THAT((Shape{2, 3, 4}).strides(), ElementsAre(12, 4, 1));
  EXPECT_THAT(Shape{}.strides(), IsEmpty());
}

TEST(Shape, OnlyTheFirstDimensionMayBeASymbolForStrides) {
  EXPECT_THAT((Shape{Dim::symbol(0), 4}).strides(), ElementsAre(4, 1));
  EXPECT_THROW((void)(Shape{4, Dim::symbol(0)}).strides(), InternalError);
}

TEST(Shape, SymbolsAreNotNumbers) {
  const Shape shape{Dim::symbol(3), 0, 7};
  EXPECT_FALSE(shape.is_static());
  EXPECT_TRUE(shape[0].is_symbol());
  EXPECT_EQ(shape[0].symbol_id(), 3);
  EXPECT_FALSE(shape[1].is_symbol());
  EXPECT_NE(Dim::symbol(0), Dim::symbol(1));
  EXPECT_THROW((void)shape[0].value(), InternalError);
}

TEST(Shape, Prints) {
  EXPECT_EQ(to_string(Shape{}), "[]");
  EXPECT_EQ(to_string(Shape{2, 3}), "[2, 3]");
  EXPECT_EQ(to_string(Shape{Dim::symbol(1), 4}), "[s1, 4]");
}

TEST(NormalizeAxis, CountsFromTheEnd) {
  EXPECT_EQ(normalize_axis(0, 3, "sum"), 0);
  EXPECT_EQ(normalize_axis(2, 3, "sum"), 2);
  EXPECT_EQ(normalize_axis(-1, 3, "sum"), 2);
  EXPECT_EQ(normalize_axis(-3, 3, "sum"), 0);
}

TEST(NormalizeAxis, OutOfRangeNamesOperationAxisAndRange) {
  EXPECT_THAT([] { return normalize_axis(3, 3, "sum"); },
              Throws<IndexError>(Property(
                  &IndexError::what, HasSubstr("sum: axis 3 is out of range for 3 dimensions, expected -3 to 2"))));
  EXPECT_THROW((void)normalize_axis(-4, 3, "sum"), IndexError);
  EXPECT_THROW((void)normalize_axis(0, 0, "sum"), IndexError);
}

}  // namespace
}  // namespace sinter
