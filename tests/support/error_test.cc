// The text of errors, the user's line they carry, and how location scopes nest.
#include "support/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "support/location.h"

namespace sinter {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

TEST(LocationScope, NestsAndRestores) {
  EXPECT_FALSE(current_location().known());
  {
    LocationScope outer(Location{"train.cc", 12});
    EXPECT_EQ(to_string(current_location()), "train.cc:12");
    {
      LocationScope inner(Location{"model.cc", 3});
      EXPECT_EQ(to_string(current_location()), "model.cc:3");
    }
    EXPECT_EQ(to_string(current_location()), "train.cc:12");
  }
  EXPECT_FALSE(current_location().known());
  EXPECT_EQ(to_string(current_location()), "");
}

TEST(LocationScope, AnUnknownLocationLeavesTheOuterOne) {
  LocationScope outer(Location{"train.cc", 12});
  LocationScope unknown{Location{}};
  EXPECT_EQ(current_location().line, 12U);
}

TEST(LocationScope, BelongsToOneThread) {
  LocationScope scope(Location{"train.cc", 12});
  bool known = true;
  std::thread([&] { known = current_location().known(); }).join();
  EXPECT_FALSE(known);
}

TEST(LocationScope, EndsWithAnException) {
  try {
    LocationScope scope(Location{"train.cc", 12});
    throw ValueError("no");
  } catch (const ValueError& error) {
    EXPECT_EQ(error.where().line, 12U);
  }
  EXPECT_FALSE(current_location().known());
}

TEST(Error, GivesProblemLineAndCure) {
  LocationScope scope(Location{"train.cc", 12});
  const ShapeError error("add: argument 2 has shape [3], expected [4]", "reshape it");
  EXPECT_STREQ(error.what(), "add: argument 2 has shape [3], expected [4]\n  at train.cc:12\n  cure: reshape it");
}

TEST(Error, LeavesOutWhatIsUnknown) {
  EXPECT_STREQ(ValueError("lr is -1, expected a number above 0").what(), "lr is -1, expected a number above 0");
}

TEST(Invariant, SaysWhatShouldBeTrueAndWhere) {
  EXPECT_NO_THROW(invariant(true, "sky is up"));
  try {
    invariant(false, "sky is up");
    FAIL() << "expected InternalError";
  } catch (const InternalError& error) {
    EXPECT_THAT(error.what(), AllOf(StartsWith("internal error: sky is up ("), HasSubstr("error_test.cc:"),
                                    EndsWith("report it with the program that shows it")));
  }
}

}  // namespace
}  // namespace sinter
