#include <gtest/gtest.h>

#include <bascule/recsys/metrics/mrr.h>

#include "unit/metrics/golden_cases.h"

namespace bascule {
namespace {

TEST(Mrr, IsOneOverTheRankOfTheFirstHit) {
  const Lists lists{{0, 0, 1, 1}, {1, 1}};
  EXPECT_DOUBLE_EQ(metrics::mrr(lists.view(), 2), 0);
  EXPECT_DOUBLE_EQ(metrics::mrr(lists.view(), 3), 1.0 / 3);
  EXPECT_DOUBLE_EQ(metrics::mrr(lists.view(), 4), 1.0 / 3);
  EXPECT_DOUBLE_EQ(metrics::mrr(Lists{{1, 1}, {1, 1}}.view(), 2), 1);
}

TEST(Mrr, ShortListsAndGrades) {
  EXPECT_DOUBLE_EQ(metrics::mrr(Lists{{}, {1}}.view(), 5), 0);
  EXPECT_DOUBLE_EQ(metrics::mrr(Lists{{0, 2, 9}, {9, 2}}.view(), 5), 0.5);
}

TEST(Mrr, AgreesWithTheJudge) {
  expect_golden("mrr", metrics::mrr);
}

}  // namespace
}  // namespace bascule
