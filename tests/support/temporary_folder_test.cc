// Folders that go when their owner does.
#include "support/temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "support/error.h"

namespace sinter {
namespace {

TEST(TemporaryFolder, GoesWithAllItHolds) {
  std::filesystem::path path;
  {
    const TemporaryFolder folder;
    path = folder.path();
    std::ofstream(folder / "file") << "text";
    EXPECT_TRUE(std::filesystem::exists(path / "file"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(TemporaryFolder, LiesWhereItIsTold) {
  const TemporaryFolder outer, inner(outer.path());
  EXPECT_EQ(inner.path().parent_path(), outer.path());
  EXPECT_NE(TemporaryFolder().path(), TemporaryFolder().path());
}

TEST(TemporaryFolder, SaysWhereItCannotBeMade) {
  try {
    const TemporaryFolder folder("/no/such/folder");
    FAIL();
  } catch (const FileError& error) {
    EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("'/no/such/folder'"), testing::HasSubstr("TMPDIR")));
  }
}

}  // namespace
}  // namespace sinter
