// Median and spread of a few numbers.
#include "support/statistics.h"

#include <gtest/gtest.h>

namespace sinter {
namespace {

TEST(Statistics, MedianOfOddAndEvenCounts) {
  EXPECT_EQ(summarise({3, 1, 2}).median, 2);
  EXPECT_EQ(summarise({4, 1, 3, 2}).median, 2.5);
  EXPECT_EQ(summarise({7}).median, 7);
}

TEST(Statistics, SpreadIsAPartOfTheMedian) {
  const Summary summary = summarise({10, 9, 14, 10, 10});
  EXPECT_EQ(summary.least, 9);
  EXPECT_EQ(summary.most, 14);
  EXPECT_EQ(summary.spread(), 0.5);
  EXPECT_EQ(summarise({5}).spread(), 0);
  EXPECT_EQ(summarise({0, 0}).spread(), 0);
}

TEST(Statistics, OfNothingThereIsNone) { EXPECT_THROW((void)summarise({}), InternalError); }

}  // namespace
}  // namespace sinter
