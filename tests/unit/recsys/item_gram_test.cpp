// One Gram matrix for any number of fits.
#include <vector>

#include <gtest/gtest.h>

#include <bascule/base/random.h>
#include <bascule/recsys/ease.h>
#include <bascule/recsys/item_gram.h>
#include <bascule/recsys/popularity.h>

namespace bascule {
namespace {

CsrMatrix draw(std::int64_t users, std::int32_t items) {
  const Philox random(7);
  std::vector<std::int64_t> offsets = {0};
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  std::uint64_t drawn = 0;
  for (std::int64_t u = 0; u < users; ++u) {
    for (std::int32_t i = 0; i < items; ++i) {
      if (random.uniform(drawn++) * (1 + i) > 3) continue;
      indices.push_back(i);
      values.push_back(static_cast<float>(1 + (u + i) % 5));
    }
    offsets.push_back(std::ssize(indices));
  }
  return CsrMatrix(
      Compressed::make(users, items, std::move(offsets), std::move(indices), std::move(values))
          .value());
}

TEST(ItemGram, ServesEveryLambdaAsAFitOfItsOwn) {
  const CsrMatrix users = draw(300, 83);
  ThreadPool pool(2);
  const Result<ItemGram> gram = ItemGram::make(users.view(), pool);
  ASSERT_TRUE(gram.ok());
  const RecommendOptions all{.k = 83};
  for (const EaseOptions& options :
       {EaseOptions{.l2 = 1}, EaseOptions{.l2 = 300}, EaseOptions{.l2 = 20, .dropout = 0.3F}}) {
    StageTimes times;
    Ease alone(options), shared(options);
    ASSERT_TRUE(alone.fit(users, pool, times).ok());
    Result<ItemGram> copy = gram->copy(pool);
    ASSERT_TRUE(copy.ok());
    ASSERT_EQ(shared.gram_learner(), &shared);
    ASSERT_TRUE(shared.gram_learner()->fit_gram(std::move(*copy), pool, times).ok());
    const TopLists expected = alone.recommend_all(users.view(), all, pool);
    const TopLists lists = shared.recommend_all(users.view(), all, pool);
    EXPECT_EQ(lists.items, expected.items) << options.l2;
    EXPECT_EQ(lists.scores, expected.scores) << options.l2;
  }
}

TEST(ItemGram, IsOfferedByModelsThatAreMadeOfIt) {
  EXPECT_EQ(Popularity().gram_learner(), nullptr);
}

}  // namespace
}  // namespace bascule
