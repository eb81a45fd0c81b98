#include <gtest/gtest.h>

#include <bascule/recsys/metrics/novelty.h>

#include "unit/metrics/golden_cases.h"

namespace bascule {
namespace {

TEST(Novelty, IsTheMeanSelfInformation) {
  // Of 8 users all, half, one and none have the items.
  const std::vector<std::int64_t> counts = {8, 4, 1, 0};
  const std::vector<double> bits = metrics::self_information(counts, 8);
  EXPECT_EQ(bits, (std::vector<double>{0, 1, 3, 3}));
  const std::vector<std::int32_t> list = {1, 2, 0, -1};
  EXPECT_DOUBLE_EQ(metrics::novelty(list, bits, 1).value(), 1);
  EXPECT_DOUBLE_EQ(metrics::novelty(list, bits, 2).value(), 2);
  EXPECT_DOUBLE_EQ(metrics::novelty(list, bits, 3).value(), 4.0 / 3);
  EXPECT_DOUBLE_EQ(metrics::novelty(list, bits, 50).value(), 4.0 / 3);  // shorter than K
}

TEST(Novelty, HasNoValueForAnEmptyList) {
  EXPECT_FALSE(metrics::novelty({}, {}, 5).has_value());
  EXPECT_FALSE(metrics::novelty(std::vector<std::int32_t>{-1, -1}, {}, 5).has_value());
}

TEST(Novelty, AgreesWithTheJudge) {
  int compared = 0;
  for (const auto& set : golden_sets()) {
    const auto bits = metrics::self_information(set["counts"].get<std::vector<std::int64_t>>(),
                                                set["train_users"].get<std::int64_t>());
    for (const auto& test_case : set["cases"]) {
      const auto list = test_case["recommended"].get<std::vector<std::int32_t>>();
      for (const auto& k : set["k"]) {
        const auto& expected = test_case["expected"][fmt::format("novelty@{}", k.get<int>())];
        const auto value = metrics::novelty(list, bits, k.get<std::int32_t>());
        ASSERT_EQ(value.has_value(), !expected.is_null());
        if (!value) continue;
        EXPECT_NEAR(*value, expected.get<double>(), 1e-12);
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 200);
}

}  // namespace
}  // namespace bascule
