// Programs run as children, and folders that go again.
#include "support/child_process.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "support/error.h"

namespace sinter {
namespace {

TEST(ChildProcess, ReadsWhatItPrints) {
  setenv("FROM_PARENT", "kept", 1);
  const std::string out =
      output_of("/bin/sh", {"-c", "echo \"$0 $1 $FROM_PARENT $OWN\"", "a b", "c'd"}, {{"OWN", "x"}});
  EXPECT_EQ(out, "a b c'd kept x\n");
  EXPECT_EQ(output_of("/bin/sh", {"-c", "echo $FROM_PARENT"}, {{"FROM_PARENT", "replaced"}}), "replaced\n");
}

TEST(ChildProcess, FailuresSayWhatItSaid) {
  try {
    (void)output_of("/bin/sh", {"-c", "echo why >&2; exit 3"});
    FAIL();
  } catch (const RuntimeError& error) {
    EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("status 3"), testing::HasSubstr("why")));
  }
  EXPECT_THROW((void)output_of("/no/such/program", {}), RuntimeError);
}

}  // namespace
}  // namespace sinter
