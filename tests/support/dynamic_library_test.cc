// Shared libraries opened at run time: found, missing, and why.
#include "support/dynamic_library.h"

#include <gtest/gtest.h>

#include <array>

namespace sinter {
namespace {

TEST(DynamicLibrary, OpensWhatTheLoaderKnows) {
  auto library = DynamicLibrary::open("libm.so.6");
  ASSERT_TRUE(library.has_value());
  EXPECT_EQ(library->path().front(), '/') << library->path();
  auto* cosine = library->find<double (*)(double)>("cos");
  ASSERT_NE(cosine, nullptr);
  EXPECT_EQ(cosine(0.0), 1.0);
  EXPECT_EQ(library->find<void (*)()>("sinter_has_no_such_function"), nullptr);

  DynamicLibrary moved = std::move(*library);
  EXPECT_EQ(moved.find<double (*)(double)>("cos"), cosine);
}

TEST(DynamicLibrary, SaysWhyNothingOpened) {
  const std::array<std::string, 2> names{"libsinter_none.so", "/nowhere/libsinter_none.so.1"};
  std::vector<std::string> tried;
  EXPECT_FALSE(open_first(names, &tried).has_value());
  ASSERT_EQ(tried.size(), 2u);
  EXPECT_TRUE(tried[0].starts_with("libsinter_none.so: ")) << tried[0];
  EXPECT_TRUE(tried[1].starts_with("/nowhere/libsinter_none.so.1: ")) << tried[1];
}

TEST(DynamicLibrary, TakesTheFirstThatOpens) {
  const std::array<std::string, 2> names{"libsinter_none.so", "libm.so.6"};
  std::vector<std::string> tried;
  EXPECT_TRUE(open_first(names, &tried).has_value());
  EXPECT_EQ(tried.size(), 1u);
}

}  // namespace
}  // namespace sinter
