#include "run/step_pace.h"

#include <gmock/gmock.h>

#include <bascule/base/threads.h>

namespace bascule {
namespace {

/// Of so many steps, the share on one thread, where a step takes `pool` or `alone` seconds.
double share_alone(StepPace& pace, int steps, double pool, double alone) {
  int count = 0;
  for (int step = 0; step < steps; ++step) {
    if (pace.alone()) ++count;
    pace.note(pace.alone() ? alone : pool);
  }
  return static_cast<double>(count) / steps;
}

TEST(StepPace, StaysWithTheFasterWay) {
  StepPace small, large;
  EXPECT_GT(share_alone(small, 20'000, 6e-5, 3e-5), .98);
  EXPECT_LT(share_alone(large, 20'000, 3e-5, 6e-5), .02);
}

TEST(StepPace, ThreadsThatWinNothingAreLeftToOthers) {
  StepPace pace;
  // Trials between equals cost nothing, and come often.
  EXPECT_GT(share_alone(pace, 20'000, 3e-5, 3.1e-5), .85);
}

TEST(StepPace, ChangesItsMindWhenTheMachineChanges) {
  StepPace pace;
  share_alone(pace, 20'000, 6e-5, 3e-5);
  share_alone(pace, 2 * static_cast<int>(StepPace::kLongestStay), 3e-5, 6e-5);
  EXPECT_LT(share_alone(pace, 20'000, 3e-5, 6e-5), .02);
}

TEST(StepPace, OneStepThatTookLongDecidesNothing) {
  StepPace pace;
  for (int step = 0; step < 2 * StepPace::kTrial; ++step)
    pace.note(step % StepPace::kTrial == 4 ? 1.0 : pace.alone() ? 6e-5 : 3e-5);
  EXPECT_FALSE(pace.alone());
  EXPECT_FALSE(pace.settled());
}

TEST(StepPace, LongStepsAreNotTriedOnOneThread) {
  StepPace pace;
  EXPECT_EQ(share_alone(pace, 100, 2 * StepPace::kLongSeconds, 1e-9), 0);
  EXPECT_TRUE(pace.settled());
}

}  // namespace
}  // namespace bascule
