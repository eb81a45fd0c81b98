// The items of a sampled softmax: which they are, and what they stand for.
#include "recsys/candidate_items.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include <gmock/gmock.h>

#include <bascule/base/random.h>

namespace bascule {
namespace {

using detail::CandidateItems;
using detail::CandidateSampler;
using detail::UserRows;

constexpr std::int32_t kItems = 2000;
constexpr std::int64_t kUsers = 300;

/// The first items are everybody's, the last ones nobody's.
CsrMatrix users() {
  const Philox random(8);
  std::vector<std::int64_t> offsets = {0};
  std::vector<std::int32_t> indices;
  std::uint64_t drawn = 0;
  for (std::int64_t user = 0; user < kUsers; ++user) {
    for (std::int32_t item = 0; item < kItems - 50; ++item)
      if (random.uniform(drawn++) * (1 + item) < 4) indices.push_back(item);
    offsets.push_back(std::ssize(indices));
  }
  std::vector<float> values(indices.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(1 + i % 3);
  return CsrMatrix(
      Compressed::make(kUsers, kItems, std::move(offsets), std::move(indices), std::move(values))
          .value());
}

constexpr std::size_t kBatch = 5;
UserRows batch(const CsrMatrix& x) {
  UserRows rows;
  for (std::size_t user = 0; user < kBatch; ++user)
    rows.add(x.view().line(static_cast<std::int64_t>(user)));
  return rows;
}

TEST(CandidateItems, HaveTheBatchAndSomeOthers) {
  const CsrMatrix x = users();
  UserRows rows = batch(x);
  const CsrArgument all = rows.argument();
  const std::set<std::int32_t> own(all.indices, all.indices + all.offsets[kBatch]);
  CandidateSampler sampler(x.view(), {.negatives = 100});
  CandidateItems drawn;
  sampler.draw(3, rows, kBatch, drawn);
  const auto count = std::ssize(drawn.items);
  EXPECT_GE(count, std::ssize(own) + 100);
  EXPECT_EQ(count, sampler.candidates(std::ssize(own) + 100));
  EXPECT_TRUE(std::is_sorted(drawn.items.begin(), drawn.items.end(), std::less_equal<>()));
  ASSERT_EQ(drawn.log_weights.size(), drawn.items.size());
  for (std::size_t i = 0; i < drawn.items.size(); ++i) {
    EXPECT_GE(drawn.log_weights[i], 0);
    if (own.contains(drawn.items[i])) {
      EXPECT_EQ(drawn.log_weights[i], 0);
    }
  }
  const CsrArgument targets = drawn.targets.argument();
  EXPECT_TRUE(std::equal(targets.offsets, targets.offsets + kBatch + 1, all.offsets));
  for (std::int64_t p = 0; p < all.offsets[kBatch]; ++p) {
    EXPECT_EQ(drawn.items[static_cast<std::size_t>(targets.indices[p])], all.indices[p]);
    EXPECT_EQ(targets.values[p], all.values[p]);
  }
}

TEST(CandidateItems, AreAFunctionOfSeedStepAndBatch) {
  const CsrMatrix x = users();
  UserRows rows = batch(x);
  const auto items = [&](std::uint64_t seed, std::uint64_t step) {
    CandidateSampler sampler(x.view(), {.negatives = 100, .seed = seed});
    CandidateItems drawn;
    sampler.draw(step + 1, rows, kBatch, drawn);  // leaves nothing behind
    sampler.draw(step, rows, kBatch, drawn);
    return drawn.items;
  };
  EXPECT_EQ(items(1, 7), items(1, 7));
  EXPECT_NE(items(1, 7), items(1, 8));
  EXPECT_NE(items(1, 7), items(2, 7));
}

TEST(CandidateItems, AreAllItemsWhereThereIsRoom) {
  const CsrMatrix x = users();
  UserRows rows = batch(x);
  CandidateSampler sampler(x.view(), {.negatives = kItems});
  CandidateItems drawn;
  sampler.draw(1, rows, kBatch, drawn);
  ASSERT_EQ(std::ssize(drawn.items), kItems);
  EXPECT_EQ(drawn.items.front(), 0);
  EXPECT_EQ(drawn.items.back(), kItems - 1);
  EXPECT_THAT(drawn.log_weights, testing::Each(0));
}

TEST(CandidateItems, StandForAllOfThem) {
  // The mean over many draws of Σ exp(log weight) f over candidates is Σ f over all items.
  const CsrMatrix x = users();
  UserRows rows = batch(x);
  std::vector<double> f(kItems);
  double whole = 0;
  for (std::size_t i = 0; i < f.size(); ++i) whole += f[i] = 1 + std::sin(double(i));
  for (const double exponent : {0.0, 0.75}) {
    CandidateSampler sampler(x.view(), {.negatives = 64, .exponent = exponent});
    CandidateItems drawn;
    constexpr int kDraws = 3000;
    double total = 0, squares = 0;
    for (std::uint64_t step = 0; step < kDraws; ++step) {
      sampler.draw(step, rows, kBatch, drawn);
      double sum = 0;
      for (std::size_t i = 0; i < drawn.items.size(); ++i)
        sum += std::exp(double{drawn.log_weights[i]}) * f[static_cast<std::size_t>(drawn.items[i])];
      total += sum;
      squares += sum * sum;
    }
    const double mean = total / kDraws;
    const double error = std::sqrt((squares / kDraws - mean * mean) / kDraws);
    EXPECT_GT(error, 0.1) << exponent;  // there was something to estimate
    EXPECT_LT(error, 0.01 * whole) << exponent;
    EXPECT_NEAR(mean, whole, 4 * error) << exponent;
  }
}

TEST(CandidateItems, FewDifferentNumbersLoseLittle) {
  const CsrMatrix x = users();
  const CandidateSampler sampler(x.view(), {});
  std::set<std::int64_t> counts;
  for (std::int64_t wanted = 1; wanted <= kItems; ++wanted) {
    const std::int64_t count = sampler.candidates(wanted);
    counts.insert(count);
    EXPECT_GE(count, std::min<std::int64_t>(wanted, kItems));
    EXPECT_LE(count, std::max<std::int64_t>(wanted + 31, wanted * 9 / 8));
  }
  EXPECT_LT(counts.size(), 40U);
}

}  // namespace
}  // namespace bascule
