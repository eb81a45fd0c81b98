#include <gtest/gtest.h>

#include <bascule/recsys/metrics/ndcg.h>

#include "unit/metrics/golden_cases.h"

namespace bascule {
namespace {

// Discounts of ranks 1 to 4, from tables of logarithms: 1/log2(2), 1/log2(3), 1/log2(4), 1/log2(5).
constexpr double kD1 = 1, kD2 = 0.63092975357145743, kD3 = 0.5, kD4 = 0.43067655807339306;

TEST(Ndcg, BinaryByHand) {
  const Lists lists{{0, 1, 1, 0}, {1, 1, 1}};
  EXPECT_NEAR(metrics::ndcg(lists.view(), 2), kD2 / (kD1 + kD2), 1e-15);  // ideal cut at K
  EXPECT_NEAR(metrics::ndcg_full(lists.view(), 2), kD2 / (kD1 + kD2 + kD3), 1e-15);
  // With K beyond the number of relevant items both are the same.
  EXPECT_NEAR(metrics::ndcg(lists.view(), 4), (kD2 + kD3) / (kD1 + kD2 + kD3), 1e-15);
  EXPECT_NEAR(metrics::ndcg_full(lists.view(), 4), (kD2 + kD3) / (kD1 + kD2 + kD3), 1e-15);
}

TEST(Ndcg, GainIsExponentialInTheGrade) {
  // Grades 3, 2, 1 gain 7, 3, 1; a rating of ten gains 1023.
  const Lists lists{{1, 0, 3, 2}, {3, 2, 1}};
  const double ideal = 7 * kD1 + 3 * kD2 + 1 * kD3;
  EXPECT_NEAR(metrics::ndcg(lists.view(), 4), (1 * kD1 + 7 * kD3 + 3 * kD4) / ideal, 1e-15);
  EXPECT_NEAR(metrics::ndcg(lists.view(), 1), 1.0 / 7, 1e-15);
  EXPECT_NEAR(metrics::ndcg(Lists{{1, 10}, {10, 1}}.view(), 2), (1 + 1023 * kD2) / (1023 + 1 * kD2),
              1e-15);
}

TEST(Ndcg, BestOrderIsOne) {
  const Lists lists{{10, 7, 7, 1}, {10, 7, 7, 1}};
  EXPECT_DOUBLE_EQ(metrics::ndcg(lists.view(), 2), 1);
  EXPECT_DOUBLE_EQ(metrics::ndcg(lists.view(), 100), 1);
  EXPECT_LT(metrics::ndcg_full(lists.view(), 2), 1);
}

TEST(Ndcg, ShortListsAndNoHits) {
  EXPECT_DOUBLE_EQ(metrics::ndcg(Lists{{0, 0}, {1}}.view(), 2), 0);
  EXPECT_DOUBLE_EQ(metrics::ndcg(Lists{{}, {1}}.view(), 2), 0);
  EXPECT_NEAR(metrics::ndcg(Lists{{1}, {1, 1}}.view(), 5), kD1 / (kD1 + kD2), 1e-15);
}

TEST(Ndcg, AgreesWithTheJudge) {
  expect_golden("ndcg", metrics::ndcg);
  expect_golden("ndcg_full", metrics::ndcg_full);
}

}  // namespace
}  // namespace bascule
