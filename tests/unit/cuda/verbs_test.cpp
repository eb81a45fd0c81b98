// What compare, tune, ladder and recommend do on the emulated cuda device: as on the cpu, refused
// where a model has no way there, stopped when the device fails.
#include <algorithm>

#include <gtest/gtest.h>

#include <bascule/base/file.h>
#include <bascule/devices/device.h>
#include <bascule/recsys/compare.h>
#include <bascule/recsys/ladder.h>
#include <bascule/recsys/similar_query.h>
#include <bascule/recsys/spec.h>
#include <bascule/recsys/tune.h>

#include "cuda/open_fake.h"
#include "devices/cuda/device.h"
#include "unit/recsys/autoencoder_testing.h"

namespace bascule::cuda {
namespace {

using bascule::test::open_fake, bascule::test::FakeDriver;

class CudaVerbs : public ::testing::Test {
 protected:
  CudaVerbs() {
    std::string text = "user,item,rating\n";
    const CsrMatrix matrix = autoencoder_testing::tastes();
    for (std::int64_t user = 0; user < matrix.rows(); ++user)
      for (const std::int32_t item : matrix.view().line(user).indices)
        text += std::to_string(user) + "," + std::to_string(item) + ",1\n";
    EXPECT_TRUE(write_atomically(folder_ / "ratings.csv", text).ok());
  }
  std::shared_ptr<Device> open() { return open_fake(fake_); }
  [[nodiscard]] Config spec(const std::string& more) const {
    const std::string path = folder_ / "ratings.csv";
    return Config::parse("task = \"recommend\"\n[data]\npath = \"" + path + "\"\n" + more,
                         "spec.toml")
        .value();
  }

  TempFolder folder_;
  FakeDriver fake_;
};

constexpr const char* kVae = R"(
[model]
type = "mult-vae"
hidden = [12]
latent = 5
[train]
epochs = 2
batch_size = 200
)";
constexpr const char* kSeven = R"(
[[models]]
type = "item-knn"
neighbors = 20
[[models]]
type = "user-knn"
neighbors = 20
[[models]]
type = "popularity"
[[models]]
type = "rp3beta"
neighbors = 20
[[models]]
type = "ials"
factors = 6
[[models]]
type = "slim"
[[models]]
type = "mult-dae"
hidden = [12]
latent = 5
[train]
epochs = 2
batch_size = 200
)";

TEST_F(CudaVerbs, CompareFindsWhatTheCpuFinds) {
  const auto models = models_of(spec(kSeven), "seven").value();
  FitRequest request;
  const auto expected = compare_recommenders(models, request, default_pool());
  ASSERT_TRUE(expected.ok()) << expected.error().message;
  request.device = open();
  const auto found = compare_recommenders(models, request, default_pool());
  ASSERT_TRUE(found.ok()) << found.error().message;
  ASSERT_EQ(found->models.size(), 7U);
  EXPECT_EQ(found->best, expected->best);
  for (std::size_t i = 0; i < 7; ++i)
    for (const auto& [name, metric] : expected->models[i].evaluation.metrics)
      EXPECT_NEAR(found->models[i].evaluation.metrics.at(name).value, metric.value, 5e-3)
          << found->models[i].name << ' ' << name;
}

TEST_F(CudaVerbs, CompareRefusesAModelWithoutAWayBeforeItReadsTheData) {
  FitRequest request;
  request.device = make_reference_device();
  const Config config = Config::parse(R"(task = "recommend"
[data]
path = "nowhere"
[[models]]
type = "popularity"
[[models]]
type = "ease"
)",
                                      "spec.toml")
                            .value();
  const auto refused =
      compare_recommenders(models_of(config, "two").value(), request, default_pool());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kUsage);
  EXPECT_EQ(refused.error().message,
            "ease computes on the cpu only; it has no kernels for reference in this version");
}

TEST_F(CudaVerbs, TuneFindsWhatTheCpuFinds) {
  const std::string more = std::string(kVae) + "[tune]\ntrials = 3\n";
  const TuneSpec searched = tune_spec(spec(more), {"model.latent=4,6"}).value();
  TuneRequest request;
  request.trials = 2;
  request.out = folder_ / "on-cpu";
  const auto expected = tune_recommender(searched, request, default_pool());
  ASSERT_TRUE(expected.ok()) << expected.error().message;
  request.device = open();
  request.out = folder_ / "on-gpu";
  const int before = fake_.calls();
  const auto found = tune_recommender(searched, request, default_pool());
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_GT(fake_.calls(), before + 100);
  ASSERT_EQ(found->trials.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(found->trials[i].point.at(0).to_toml(), expected->trials[i].point.at(0).to_toml());
    EXPECT_NEAR(found->value(found->trials[i]).value, expected->value(expected->trials[i]).value,
                5e-3);
  }
}

TEST_F(CudaVerbs, TuneStopsWhenTheDeviceFails) {
  const TuneSpec searched = tune_spec(spec(kVae), {"model.latent=4,6"}).value();
  TuneRequest request;
  request.device = open();
  request.trials = 2;
  request.out = folder_ / "out";
  fake_.fail_at = fake_.calls() + 500;
  const auto stopped = tune_recommender(searched, request, default_pool());
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, Code::kFailed);
  EXPECT_TRUE(stopped.error().message.starts_with("cuda:0: ")) << stopped.error().message;
}

TEST_F(CudaVerbs, TuneRefusesAModelWithoutAWay) {
  TuneRequest request;
  request.device = make_reference_device();
  const TuneSpec searched = tune_spec(spec("[model]\ntype = \"ials\"\n")).value();
  const auto refused = tune_recommender(searched, request, default_pool());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kUsage);
}

TEST_F(CudaVerbs, LadderTrainsThere) {
  const Settings settings = recommend_settings(spec(kVae)).value();
  LadderOptions options;
  options.seconds = 0.001;
  options.rounds = 1;
  FitRequest request;
  const auto expected = measure_ladder(settings, request, options, default_pool());
  ASSERT_TRUE(expected.ok()) << expected.error().message;
  EXPECT_EQ(expected->device, "cpu");
  request.device = open();
  const auto measured = measure_ladder(settings, request, options, default_pool());
  ASSERT_TRUE(measured.ok()) << measured.error().message;
  EXPECT_EQ(measured->device, "cuda:0");
  const std::vector<std::string> names = {"dense feed", "sparse", "pipeline", "resident rows"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const LadderRung& rung = measured->rungs.at(i);
    EXPECT_EQ(rung.name, names[i]);
    EXPECT_TRUE(rung.measured()) << rung.skipped;
    // The same batches of the same users, whichever way they come.
    EXPECT_NEAR(rung.loss, expected->rungs[0].loss, 1e-3 * expected->rungs[0].loss) << rung.name;
    EXPECT_GT(rung.median, 0);
  }
  EXPECT_EQ(measured->rungs[2].loss, measured->rungs[3].loss);
}

TEST_F(CudaVerbs, LadderComparesWithTheMemoryOfTheDevice) {
  const Settings settings = recommend_settings(spec(kVae)).value();
  FitRequest request;
  fake_.memory = 4096;
  request.device = open();
  const auto refused = measure_ladder(settings, request, {}, default_pool());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kFailed);
  EXPECT_NE(refused.error().message.find("no rung fits into memory"), std::string::npos);
  EXPECT_NE(refused.error().message.find("0.0 GB are available"), std::string::npos)
      << refused.error().message;
}

TEST_F(CudaVerbs, QueriesFindWhatTheCpuFindsAndAreTimedByStage) {
  const CsrMatrix matrix = autoencoder_testing::tastes();
  const auto device = open();
  const std::vector<std::int32_t> denied = {3, 15};
  const SimilarOptions options{7, true, {{}, denied}};
  for (const QueryMethod method : {QueryMethod::kSparse, QueryMethod::kDense}) {
    StageTimes times, gpu_times;
    const auto expected =
        query_similar(matrix.view(), 9, {}, method, options, nullptr, times).value();
    const auto found =
        query_similar(matrix.view(), 9, {}, method, options, device.get(), gpu_times).value();
    ASSERT_EQ(found.size(), 7U);
    EXPECT_EQ(found[0].item, 9);
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].item, expected[i].item);
      EXPECT_NEAR(found[i].score, expected[i].score, 1e-6);
    }
    const std::string made = method == QueryMethod::kSparse ? "index" : "dense_matrix";
    const auto names = [](const StageTimes& stages) {
      std::vector<std::string> all;
      for (const auto& [name, seconds] : stages) all.push_back(name);
      return all;
    };
    EXPECT_EQ(names(times), (std::vector<std::string>{made, "first_query", "steady_query"}));
    EXPECT_EQ(names(gpu_times), (std::vector<std::string>{made, "transfer", "first_query",
                                                          "steady_query", "device_query"}));
    EXPECT_EQ(gpu_times.back().second, 0.25e-3);  // the fake driver's clock
  }
}

TEST_F(CudaVerbs, FailedQueriesAreTold) {
  const CsrMatrix matrix = autoencoder_testing::tastes();
  for (const QueryMethod method : {QueryMethod::kSparse, QueryMethod::kDense}) {
    const auto device = open();
    int told = 0;
    StageTimes times;
    for (int later = 1; later < 60; later += 3) {
      const auto mine = open();
      fake_.fail_at = fake_.calls() + later;
      const auto found = query_similar(matrix.view(), 9, {}, method, {}, mine.get(), times);
      if (found.ok()) continue;  // what is given back may fail without a word
      ++told;
      EXPECT_EQ(found.error().code, Code::kFailed);
      EXPECT_TRUE(found.error().message.starts_with("cuda:0: ")) << found.error().message;
    }
    EXPECT_GT(told, 10);
  }
}

TEST_F(CudaVerbs, TheDenseWayKnowsOnlyThePlainCosine) {
  KnnOptions knn;
  knn.similarity.shrinkage = 1;
  StageTimes times;
  const CsrMatrix matrix = autoencoder_testing::tastes();
  const auto refused =
      query_similar(matrix.view(), 0, knn, QueryMethod::kDense, {}, nullptr, times);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kUsage);
  EXPECT_EQ(
      query_similar(matrix.view(), 120, {}, QueryMethod::kSparse, {}, nullptr, times).error().code,
      Code::kUsage);
}

}  // namespace
}  // namespace bascule::cuda
