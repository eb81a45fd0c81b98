#include <gtest/gtest.h>

#include <bascule/recsys/metrics/hit_rate.h>

#include "unit/metrics/golden_cases.h"

namespace bascule {
namespace {

TEST(HitRate, OneHitIsEnough) {
  const Lists lists{{0, 0, 1, 1}, {1, 1}};
  EXPECT_EQ(metrics::hit_rate(lists.view(), 2), 0);
  EXPECT_EQ(metrics::hit_rate(lists.view(), 3), 1);
  EXPECT_EQ(metrics::hit_rate(lists.view(), 4), 1);
}

TEST(HitRate, ShortListsAndGrades) {
  EXPECT_EQ(metrics::hit_rate(Lists{{0}, {1}}.view(), 10), 0);
  EXPECT_EQ(metrics::hit_rate(Lists{{}, {1}}.view(), 10), 0);
  EXPECT_EQ(metrics::hit_rate(Lists{{0, 8}, {8, 2}}.view(), 10), 1);
}

TEST(HitRate, AgreesWithTheJudge) {
  expect_golden("hit_rate", metrics::hit_rate);
}

}  // namespace
}  // namespace bascule
