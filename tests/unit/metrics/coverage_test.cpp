#include <gtest/gtest.h>

#include <bascule/recsys/metrics/coverage.h>

#include "unit/metrics/golden_cases.h"

namespace bascule {
namespace {

TEST(Coverage, CountsItemsShownToAnybody) {
  metrics::Coverage coverage(8);
  for (const std::vector<std::int32_t>& list :
       {std::vector<std::int32_t>{0, 1, 2}, {0, 2, 5}, {7, -1, -1}, {-1, -1, -1}})
    coverage.add(list);
  EXPECT_DOUBLE_EQ(coverage.at(1), 2.0 / 8);    // 0 and 7
  EXPECT_DOUBLE_EQ(coverage.at(2), 4.0 / 8);    // and 1 and 2
  EXPECT_DOUBLE_EQ(coverage.at(3), 5.0 / 8);    // and 5
  EXPECT_DOUBLE_EQ(coverage.at(100), 5.0 / 8);  // lists have no more
}

TEST(Coverage, NoListsNoItems) {
  EXPECT_EQ(metrics::Coverage(4).at(10), 0);
  EXPECT_EQ(metrics::Coverage(0).at(10), 0);
}

TEST(Coverage, AgreesWithTheJudge) {
  for (const auto& set : golden_sets()) {
    metrics::Coverage coverage(set["items"].get<std::int64_t>());
    for (const auto& test_case : set["cases"])
      coverage.add(test_case["recommended"].get<std::vector<std::int32_t>>());
    for (const auto& k : set["k"]) {
      const auto key = fmt::format("coverage@{}", k.get<int>());
      EXPECT_DOUBLE_EQ(coverage.at(k.get<std::int32_t>()),
                       set["summary"][key]["value"].get<double>())
          << key;
    }
  }
}

}  // namespace
}  // namespace bascule
