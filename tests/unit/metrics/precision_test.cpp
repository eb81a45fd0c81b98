#include <gtest/gtest.h>

#include <bascule/recsys/metrics/precision.h>

#include "unit/metrics/golden_cases.h"

namespace bascule {
namespace {

TEST(Precision, DividesByK) {
  const Lists lists{{1, 0, 1, 0}, {1, 1, 1}};
  EXPECT_DOUBLE_EQ(metrics::precision(lists.view(), 1), 1);
  EXPECT_DOUBLE_EQ(metrics::precision(lists.view(), 2), 0.5);
  EXPECT_DOUBLE_EQ(metrics::precision(lists.view(), 4), 0.5);
}

TEST(Precision, DividesByKWhereTheListIsShorter) {
  EXPECT_DOUBLE_EQ(metrics::precision(Lists{{1, 1}, {1, 1}}.view(), 8), 0.25);
  EXPECT_DOUBLE_EQ(metrics::precision(Lists{{}, {1, 1}}.view(), 8), 0);
}

TEST(Precision, GradesDoNotCount) {
  EXPECT_DOUBLE_EQ(metrics::precision(Lists{{7, 0, 3, 0}, {7, 3}}.view(), 4), 0.5);
}

TEST(Precision, AgreesWithTheJudge) {
  expect_golden("precision", metrics::precision);
}

}  // namespace
}  // namespace bascule
