// Recommenders on the cuda device over the emulated driver: fitted as on the cpu, errors told.
#include <algorithm>

#include <gtest/gtest.h>

#include <bascule/recsys/ease.h>
#include <bascule/recsys/ials.h>
#include <bascule/recsys/item_knn.h>
#include <bascule/recsys/popularity.h>
#include <bascule/recsys/rp3beta.h>
#include <bascule/recsys/slim.h>
#include <bascule/recsys/user_knn.h>

#include "cuda/every_failure.h"
#include "cuda/open_fake.h"

namespace bascule::cuda {
namespace {

using bascule::test::open_fake;

CsrMatrix ratings() {
  std::vector<std::int64_t> offsets = {0};
  std::vector<std::int32_t> items;
  std::vector<float> values;
  for (int user = 0; user < 23; ++user) {
    for (int item = 0; item < 17; ++item) {
      if ((user * 5 + item * 3 + user * user * item) % 7 > 2) continue;
      items.push_back(item);
      values.push_back(static_cast<float>(1 + (user + item) % 5));
    }
    offsets.push_back(std::ssize(items));
  }
  return CsrMatrix(*Compressed::make(23, 17, offsets, items, values));
}

TEST(CudaRecommenders, ItemKnnIsFittedAsOnTheCpu) {
  bascule::test::FakeDriver fake;
  const std::shared_ptr<Device> device = open_fake(fake);
  for (const Weighting weighting : {Weighting::kRaw, Weighting::kTfIdf, Weighting::kBm25}) {
    KnnOptions options;
    options.neighbors = 6;
    options.similarity.shrinkage = 2;
    options.weighting.weighting = weighting;
    ItemKnn on_cpu(options), on_gpu(options);
    ASSERT_TRUE(on_gpu.use_device(device).ok());
    StageTimes times, gpu_times;
    ASSERT_TRUE(on_cpu.fit(ratings(), default_pool(), times).ok());
    ASSERT_TRUE(on_gpu.fit(ratings(), default_pool(), gpu_times).ok());
    ASSERT_EQ(gpu_times.size(), times.size() + 1);
    EXPECT_EQ(gpu_times[1].first, "transfer");
    for (std::int32_t item = 0; item < 17; ++item) {
      const auto expected = *on_cpu.similar_items(item, {6});
      const auto found = *on_gpu.similar_items(item, {6});
      ASSERT_EQ(found.size(), expected.size());
      for (std::size_t i = 0; i < found.size(); ++i)
        EXPECT_NEAR(found[i].score, expected[i].score, 1e-6);
    }
  }
}

TEST(CudaRecommenders, UserKnnRecommendsAsOnTheCpu) {
  bascule::test::FakeDriver fake;
  const std::shared_ptr<Device> device = open_fake(fake);
  const CsrMatrix matrix = ratings();
  for (const Weighting weighting : {Weighting::kRaw, Weighting::kTfIdf, Weighting::kBm25}) {
    KnnOptions options;
    options.neighbors = 5;
    options.weighting.weighting = weighting;
    UserKnn on_cpu(options), on_gpu(options);
    ASSERT_TRUE(on_gpu.use_device(device).ok());
    StageTimes times;
    ASSERT_TRUE(on_cpu.fit(matrix, default_pool(), times).ok());
    ASSERT_TRUE(on_gpu.fit(matrix, default_pool(), times).ok());
    EXPECT_EQ(times.back().first, "transfer");
    const std::vector<std::int32_t> denied = {2, 9};
    const RecommendOptions wanted{4, true, {{}, denied}};
    const int before = fake.calls();
    const TopLists ours = on_gpu.recommend_all(matrix.view(), wanted, default_pool());
    EXPECT_GT(fake.calls(), before);
    const TopLists theirs = on_cpu.recommend_all(matrix.view(), wanted, default_pool());
    ASSERT_EQ(ours.scores.size(), theirs.scores.size());
    EXPECT_GT(*std::max_element(theirs.scores.begin(), theirs.scores.end()), 0);
    for (std::size_t i = 0; i < ours.scores.size(); ++i)
      EXPECT_NEAR(ours.scores[i], theirs.scores[i], 1e-5) << i;
    const auto one = on_gpu.recommend(matrix.view().line(3), wanted);
    ASSERT_FALSE(one.empty());
    EXPECT_EQ(one[0].item, ours.of(3)[0]);
    EXPECT_TRUE(on_gpu.device_status().ok());
  }
}

TEST(CudaRecommenders, ListsOfADeviceThatFailedAreNotTrusted) {
  bascule::test::FakeDriver fake;
  UserKnn model({});
  ASSERT_TRUE(model.use_device(open_fake(fake)).ok());
  StageTimes times;
  ASSERT_TRUE(model.fit(ratings(), default_pool(), times).ok());
  fake.fail_at = fake.calls() + 12;
  const CsrMatrix matrix = ratings();
  const TopLists lists = model.recommend_all(matrix.view(), {3, true}, default_pool());
  EXPECT_EQ(lists.users, 23);
  EXPECT_EQ(lists.items, std::vector<std::int32_t>(23 * 3, -1));
  ASSERT_FALSE(model.device_status().ok());
  EXPECT_EQ(model.device_status().error().code, Code::kFailed);
  EXPECT_TRUE(model.device_status().error().message.starts_with("cuda:0: "));
}

/// Fits both and compares their lists.
template <class Model, class Options>
void expect_fitted_alike(const Options& options, const std::string& stage) {
  bascule::test::FakeDriver fake;
  Model on_cpu(options), on_gpu(options);
  ASSERT_TRUE(on_gpu.use_device(open_fake(fake)).ok());
  StageTimes times, gpu_times;
  const CsrMatrix matrix = ratings();
  ASSERT_TRUE(on_cpu.fit(matrix, default_pool(), times).ok());
  for (int repeat = 0; repeat < 2; ++repeat) {  // the device is not forgotten
    const int before = fake.calls();
    gpu_times.clear();
    ASSERT_TRUE(on_gpu.fit(matrix, default_pool(), gpu_times).ok());
    EXPECT_GT(fake.calls(), before);
    ASSERT_EQ(gpu_times.size(), times.size() + 1);
    EXPECT_EQ(gpu_times[1].first, "transfer");
    EXPECT_EQ(gpu_times[2].first, stage);
  }
  const RecommendOptions wanted{6, true};
  const TopLists ours = on_gpu.recommend_all(matrix.view(), wanted, default_pool());
  const TopLists theirs = on_cpu.recommend_all(matrix.view(), wanted, default_pool());
  EXPECT_GT(*std::max_element(theirs.scores.begin(), theirs.scores.end()), 0);
  for (std::size_t i = 0; i < ours.scores.size(); ++i)
    EXPECT_NEAR(ours.scores[i], theirs.scores[i], 1e-3 * std::max(1.0F, theirs.scores[i])) << i;
}

TEST(CudaRecommenders, Rp3betaIsFittedAsOnTheCpu) {
  expect_fitted_alike<Rp3beta>(Rp3betaOptions{.neighbors = 5}, "neighbors");
  expect_fitted_alike<Rp3beta>(Rp3betaOptions{.neighbors = 100, .normalise = false}, "neighbors");
}

TEST(CudaRecommenders, IalsIsFittedAsOnTheCpu) {
  expect_fitted_alike<Ials>(IalsOptions{.factors = 5, .iterations = 4, .problem = {}}, "factors");
  expect_fitted_alike<Ials>(IalsOptions{.factors = 64, .iterations = 3, .problem = {}}, "factors");
}

TEST(CudaRecommenders, SlimIsFittedAsOnTheCpu) {
  expect_fitted_alike<Slim>(SlimOptions{.l1 = 2, .l2 = 5}, "weights");
  expect_fitted_alike<Slim>(SlimOptions{.l1 = 0, .l2 = 1, .candidates = 4}, "weights");
}

TEST(CudaRecommenders, PopularityTakesAnyDeviceAndNeedsNone) {
  bascule::test::FakeDriver fake;
  Popularity model;
  ASSERT_TRUE(model.use_device(open_fake(fake)).ok());
  EXPECT_FALSE(model.lists_on_device());
  StageTimes times;
  ASSERT_TRUE(model.fit(ratings(), default_pool(), times).ok());
  EXPECT_EQ(model.recommend({}, {3, true}).size(), 3U);
}

TEST(CudaRecommenders, ADeviceWithoutTheirKernelsIsRefused) {
  const std::shared_ptr<Device> judge = make_reference_device();
  Ials ials({});
  Slim slim({});
  Ease ease({});
  for (Recommender* model : std::initializer_list<Recommender*>{&ials, &slim, &ease}) {
    const Status status = model->use_device(judge);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, Code::kUsage);
    EXPECT_EQ(status.error().message,
              std::string(model->type()) +
                  " computes on the cpu only; it has no kernels for reference in this version");
  }
}

TEST(CudaRecommenders, MoreFactorsThanABlockHasRoomForAreRefused) {
  bascule::test::FakeDriver fake;
  const Status status = Ials({.factors = 1025, .problem = {}}).use_device(open_fake(fake));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kUsage);
  EXPECT_EQ(status.error().message, "cuda:0 solves for at most 1024 factors, not 1025");
}

TEST(CudaRecommenders, EveryFailureIsTold) {
  const CsrMatrix matrix = ratings();
  const auto index = *NeighborIndex::build(matrix.view(), PointAxis::kMinors);
  const auto dense = *dense_matrix(matrix.view(), PointAxis::kMinors);
  bascule::test::expect_every_failure_told(
      [&](Device& device) -> Status {
        BASCULE_ASSIGN(const auto search, device.place(index));
        BASCULE_TRY(search->all(3));
        BASCULE_TRY(search->query(4, 3, true));
        BASCULE_TRY(search->query(SparseLine(matrix.view().line(2)), 3, kExcludeNone));
        BASCULE_ASSIGN(const auto dense_search, device.place(dense));
        const std::vector<std::int32_t> excluded = {0, kExcludeNone};
        BASCULE_TRY(dense_search->query(dense.values.span().first(2 * 23), 3, excluded));
        return {};
      },
      100);
}

TEST(CudaRecommenders, TooMuchForTheMemoryIsRefused) {
  const CsrMatrix matrix = ratings();
  const auto index = *NeighborIndex::build(matrix.view(), PointAxis::kMinors);
  bascule::test::FakeDriver fake;
  fake.memory = 1024;
  const auto device = open_fake(fake);
  const std::int64_t before = fake.allocated();
  const auto search = device->place(index);
  EXPECT_EQ(fake.allocated(), before);
  ASSERT_FALSE(search.ok());
  EXPECT_EQ(search.error().code, Code::kFailed);
  EXPECT_NE(search.error().message.find("out of memory: 0.0 MB are needed, 0.0 MB are free"),
            std::string::npos)
      << search.error().message;
}

}  // namespace
}  // namespace bascule::cuda
