// docs/ops.md is what the tables say.
#include "ir/graph/page.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace sinter::ir {
namespace {

TEST(OperationsPage, IsTheTables) {
  std::ifstream file("docs/ops.md");
  ASSERT_TRUE(file) << "docs/ops.md is missing";
  std::stringstream page;
  page << file.rdbuf();
  EXPECT_EQ(page.str(), operations_markdown()) << "run: bazel run //tools/dev:write_ops > docs/ops.md";
}

}  // namespace
}  // namespace sinter::ir
