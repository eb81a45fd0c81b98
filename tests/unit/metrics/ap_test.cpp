#include <gtest/gtest.h>

#include <bascule/recsys/metrics/ap.h>

#include "unit/metrics/golden_cases.h"

namespace bascule {
namespace {

TEST(AveragePrecision, ByHand) {
  // Hits at ranks 1, 3 and 4: precisions 1, 2/3 and 3/4.
  const Lists lists{{1, 0, 1, 1, 0}, {1, 1, 1, 1}};
  const double at3 = 1 + 2.0 / 3, at5 = at3 + 3.0 / 4;
  EXPECT_DOUBLE_EQ(metrics::average_precision(lists.view(), 3), at3 / 3);  // |relevant| > K
  EXPECT_DOUBLE_EQ(metrics::average_precision(lists.view(), 5), at5 / 4);  // |relevant| < K
  EXPECT_DOUBLE_EQ(metrics::average_precision_over_k(lists.view(), 3), at3 / 3);
  EXPECT_DOUBLE_EQ(metrics::average_precision_over_k(lists.view(), 5), at5 / 5);
}

TEST(AveragePrecision, OnlyTheOneOverKStaysBelowOne) {
  const Lists perfect{{1, 1}, {1, 1}};
  EXPECT_DOUBLE_EQ(metrics::average_precision(perfect.view(), 10), 1);
  EXPECT_DOUBLE_EQ(metrics::average_precision_over_k(perfect.view(), 10), 0.2);
}

TEST(AveragePrecision, NoHitsAndGrades) {
  EXPECT_DOUBLE_EQ(metrics::average_precision(Lists{{0, 0}, {1}}.view(), 2), 0);
  EXPECT_DOUBLE_EQ(metrics::average_precision(Lists{{}, {1}}.view(), 2), 0);
  EXPECT_DOUBLE_EQ(metrics::average_precision_over_k(Lists{{}, {1}}.view(), 2), 0);
  EXPECT_DOUBLE_EQ(metrics::average_precision(Lists{{0, 5}, {5}}.view(), 2), 0.5);
}

TEST(AveragePrecision, AgreesWithTheJudge) {
  expect_golden("map", metrics::average_precision);
  expect_golden("ap_k", metrics::average_precision_over_k);
}

}  // namespace
}  // namespace bascule
