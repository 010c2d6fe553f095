// The arithmetic of a race between the engines, on laps that can be checked in the head.
#include "tools/race.h"

#include <gmock/gmock.h>

#include <cmath>

namespace sinter::tools {
namespace {

TEST(Race, SettledIsTheLaterHalf) {
  const Lap lap{.ended_ms = {50, 51, 52, 54, 56, 58}};
  EXPECT_DOUBLE_EQ(settled_us(lap), 2000);
}

TEST(Race, PredictsByPriceAndGain) {
  const Lap of_static{.ended_ms = {21, 22, 23, 24, 25, 26}};
  const Lap of_dynamic{.ended_ms = {13, 16, 19, 22, 25, 28}};
  EXPECT_DOUBLE_EQ(predict(of_static, of_dynamic), (20 - 10) / 2.);
  EXPECT_TRUE(std::isinf(predict(of_dynamic, of_static)));
}

TEST(Race, LeastFigureByFigure) {
  const std::vector<Lap> laps{{.ended_ms = {1, 9}, .trace_ms = 5, .compiled = 3},
                              {.ended_ms = {2, 7}, .trace_ms = 1, .compiled = 3},
                              {.ended_ms = {3, 14}, .trace_ms = 3, .compiled = 3}};
  const Lap least = least_of(laps);
  EXPECT_THAT(least.ended_ms, testing::ElementsAre(1, 7));
  EXPECT_EQ(least.trace_ms, 1);
  EXPECT_EQ(least.compiled, 3);
  EXPECT_DOUBLE_EQ(disturbance(laps), 9. / 7 - 1) << "median / least - 1, of totals";
}

TEST(Race, LapsTravelAsJson) {
  const Lap lap{.ended_ms = {1, 2.5}, .trace_ms = 3, .passes_ms = 4, .codegen_ms = 5, .compiled = 6};
  const Lap back = nlohmann::json::parse(nlohmann::json(lap).dump()).get<Lap>();
  EXPECT_EQ(back.ended_ms, lap.ended_ms);
  EXPECT_EQ(back.trace_ms + back.passes_ms * 10 + back.codegen_ms * 100, 543);
  EXPECT_EQ(back.compiled, 6);
}

TEST(Race, ErrorIsRelativeToWhatWasFound) {
  Race race{.predicted = 60};
  EXPECT_FALSE(race.error());
  race.verified = 50;
  EXPECT_DOUBLE_EQ(*race.error(), 0.2);
  race.predicted = 0;
  race.verified = 1;
  EXPECT_DOUBLE_EQ(*race.error(), 0) << "from the first run on, as predicted";
  race.predicted = 1.4;
  race.verified = 2;
  EXPECT_DOUBLE_EQ(*race.error(), 0) << "the second is the first whole run";
  race.predicted = INFINITY;
  EXPECT_FALSE(race.error());
}

}  // namespace
}  // namespace sinter::tools
