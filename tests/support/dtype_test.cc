// Names, sizes and kinds of element types, and the way from a C++ type to a dtype and back.
#include "support/dtype.h"

#include <gtest/gtest.h>

#include <array>
#include <type_traits>

namespace sinter {
namespace {

constexpr std::array kAll{kBool, kInt32, kInt64, kFloat32, kFloat64};

TEST(DType, NamesParseBack) {
  for (DType dtype : kAll) EXPECT_EQ(parse_dtype(name(dtype)), dtype) << name(dtype);
  EXPECT_EQ(parse_dtype("float32"), std::nullopt);
  EXPECT_EQ(parse_dtype("f3"), std::nullopt);
  EXPECT_EQ(parse_dtype(""), std::nullopt);
}

TEST(DType, NamesAreOurTextAndTorchs) {
  EXPECT_EQ(name(kFloat32), "f32");
  EXPECT_EQ(torch_name(kFloat32), "float32");
  EXPECT_EQ(name(kInt64), "i64");
  EXPECT_EQ(torch_name(kInt64), "int64");
}

TEST(DType, VisitGivesTheTypeThatTheDtypeStandsFor) {
  for (DType dtype : kAll)
    visit_dtype(dtype, [&](auto zero) {
      EXPECT_EQ(dtype_of<decltype(zero)>, dtype);
      EXPECT_EQ(sizeof(zero), size_of(dtype));
      EXPECT_EQ(std::is_floating_point_v<decltype(zero)>, is_float(dtype));
      EXPECT_EQ(std::is_integral_v<decltype(zero)> && sizeof(zero) > 1, is_integer(dtype));
    });
}

}  // namespace
}  // namespace sinter
