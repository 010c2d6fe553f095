// The rules of the tree, applied to this repository.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/structure/checks.h"

namespace sinter::structure {
namespace {

const std::vector<SourceFile>& repository() {
  static const std::vector<SourceFile> files = read_tree(repository_root());
  return files;
}

void expect_none(const Offences& offences) {
  EXPECT_TRUE(offences.empty()) << fmt::format("{}", fmt::join(offences, "\n"));
}

TEST(Repository, IsReallyRead) {
  EXPECT_GT(repository().size(), 20U);
  EXPECT_TRUE(std::ranges::any_of(repository(), [](const SourceFile& file) { return file.path == "support/shape.h"; }));
}

TEST(Repository, IncludesPointDownward) { expect_none(check_includes(repository())); }
TEST(Repository, FilesAreShort) { expect_none(check_lengths(repository())); }
TEST(Repository, FilesSayWhatTheyAreFor) { expect_none(check_header_comments(repository())); }
TEST(Repository, HabitsAreKept) { expect_none(check_habits(repository())); }
TEST(Repository, FoldersSayWhoMayDependOnThem) { expect_none(check_visibility(repository())); }

}  // namespace
}  // namespace sinter::structure
