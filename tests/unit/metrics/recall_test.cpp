#include <gtest/gtest.h>

#include <bascule/recsys/metrics/recall.h>

#include "unit/metrics/golden_cases.h"

namespace bascule {
namespace {

TEST(Recall, DividesByWhatCanBeReached) {
  const Lists lists{{1, 0, 1, 0, 1}, {1, 1, 1, 1}};
  EXPECT_DOUBLE_EQ(metrics::recall(lists.view(), 1), 1.0);      // 1 hit, 1 reachable
  EXPECT_DOUBLE_EQ(metrics::recall(lists.view(), 3), 2.0 / 3);  // 4 relevant, K is less
  EXPECT_DOUBLE_EQ(metrics::recall(lists.view(), 5), 3.0 / 4);  // K is more
}

TEST(Recall, ShortListsAndNoHits) {
  const Lists lists{{0, 1}, {1, 1}};
  EXPECT_DOUBLE_EQ(metrics::recall(lists.view(), 1), 0);
  EXPECT_DOUBLE_EQ(metrics::recall(lists.view(), 10), 0.5);
  EXPECT_DOUBLE_EQ(metrics::recall(Lists{{}, {1}}.view(), 10), 0);
}

TEST(Recall, GradesDoNotCount) {
  EXPECT_DOUBLE_EQ(metrics::recall(Lists{{9, 0, 2}, {10, 9, 2}}.view(), 3), 2.0 / 3);
}

TEST(Recall, AgreesWithTheJudge) {
  expect_golden("recall", metrics::recall);
}

}  // namespace
}  // namespace bascule
