#include "recsys/dense_top.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include <bascule/base/random.h>

namespace bascule {
namespace {

std::vector<Recommendation> sorted(const std::vector<float>& scores, std::int32_t k,
                                   const std::vector<float>& ceiling = {}) {
  std::vector<Recommendation> all;
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (!std::isnan(scores[i]) && scores[i] != kNoCandidate &&
        (ceiling.empty() || ceiling[i] != kNoCandidate))
      all.push_back({static_cast<std::int32_t>(i), scores[i]});
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.score > b.score; });
  all.resize(std::min(all.size(), static_cast<std::size_t>(std::max(k, 0))));
  return all;
}

TEST(DenseTop, EqualsAFullSort) {
  const Philox random(11);
  TopSearch search;
  for (const std::size_t count : {0U, 1U, 5U, 127U, 128U, 129U, 1000U, 5000U, 26'744U}) {
    for (const double levels : {3.0, 50.0, 1e9}) {  // few levels: many ties
      std::vector<float> scores(count);
      for (std::size_t i = 0; i < count; ++i) {
        scores[i] = static_cast<float>(std::floor(random.uniform(i) * levels) - levels / 2);
        if (i % 7 == 3) scores[i] = kNoCandidate;
        if (i % 31 == 5) scores[i] = std::nanf("");
      }
      std::vector<float> ceiling(count, -kNoCandidate);
      for (std::size_t i = 0; i < count; i += 1 + i % 4) ceiling[i] = kNoCandidate;
      for (const std::int32_t k : {-1, 0, 1, 10, 100, 700, 6000}) {
        std::vector<Recommendation> best = {{9, 9}};
        search.take(scores, {}, k, best);
        EXPECT_EQ(best, sorted(scores, k)) << count << " scores, k = " << k;
        search.take(scores, ceiling, k, best);
        EXPECT_EQ(best, sorted(scores, k, ceiling)) << count << " scores, some; k = " << k;
      }
    }
  }
}

TEST(DenseTop, TakesRisingAndFallingScores) {
  std::vector<float> scores(3000);
  for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = static_cast<float>(i);
  std::vector<Recommendation> best;
  TopSearch().take(scores, {}, 20, best);
  EXPECT_EQ(best, sorted(scores, 20));
  std::reverse(scores.begin(), scores.end());
  TopSearch().take(scores, {}, 20, best);
  EXPECT_EQ(best, sorted(scores, 20));
}

}  // namespace
}  // namespace bascule
