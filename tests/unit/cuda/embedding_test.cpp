// Networks that begin with a table of rows, trained on the emulated cuda device as on the judge.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include <bascule/base/random.h>
#include <bascule/nn/layers.h>
#include <bascule/nn/trainer.h>

#include "cuda/open_fake.h"
#include "unit/cuda/trained.h"

namespace bascule::cuda {
namespace {

using bascule::test::FakeDriver, bascule::test::open_fake;

constexpr std::int64_t kSamples = 57, kWords = 4;
constexpr std::int32_t kVocabulary = 30, kClasses = 3;

/// Words of which the class is the sum, as whole numbers; the same word may stand twice.
LabelledData words() {
  LabelledData part;
  part.samples = kSamples;
  part.sample_shape = Shape{kWords};
  part.floats = Buffer<float>::make(static_cast<std::size_t>(kSamples * kWords)).value();
  const Philox random(11);
  for (std::int64_t s = 0; s < kSamples; ++s) {
    std::int32_t sum = 0;
    for (std::int64_t w = 0; w < kWords; ++w) {
      const auto at = static_cast<std::uint64_t>(s * kWords + w);
      const auto word = static_cast<std::int32_t>(random.below(at, kVocabulary / 2));
      part.floats[at] = static_cast<float>(word);
      sum += word;
    }
    part.labels.push_back(sum % kClasses);
  }
  for (std::int32_t c = 0; c < kClasses; ++c) part.classes.push_back(std::to_string(c));
  return part;
}

bascule::test::Trained train(Device& device, const nn::OptimizerOptions& optimizer) {
  const LabelledData part = words();
  const Features features = Features::make(part, {}).value();
  const std::vector<nn::LayerPtr> layers = {nn::embedding(kVocabulary, 6), nn::flatten(),
                                            nn::dense(kClasses, "softmax")};
  auto network = nn::Network::make(nn::Sequential(layers), {kWords}, device, 3);
  EXPECT_TRUE(network.ok()) << network.error().message;
  nn::FitOptions options;
  options.optimizer = optimizer;
  options.epochs = 4;
  options.batch_size = 16;  // the last batch is smaller
  nn::Samples all = nn::all_samples(features, part), valid = all;
  valid.numbers.erase(valid.numbers.begin(), valid.numbers.begin() + 45);
  all.numbers.erase(all.numbers.begin() + 45, all.numbers.end());
  return bascule::test::train(*network, all, valid, options);
}

std::span<const float> floats(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)};
}

TEST(CudaEmbedding, TrainsAsTheJudgeDoes) {
  for (const nn::OptimizerOptions& optimizer :
       {nn::adam(0.02), nn::nesterov(0.5, 0.9), nn::sgd(0.5)}) {
    FakeDriver fake;
    const std::unique_ptr<Device> gpu = open_fake(fake), judge = make_reference_device();
    const auto found = train(*gpu, optimizer), expected = train(*judge, optimizer);
    ASSERT_EQ(found.history.size(), expected.history.size());
    EXPECT_LT(expected.history.back().at("train_loss"), .98 * expected.history[0].at("train_loss"));
    for (std::size_t e = 0; e < found.history.size(); ++e)
      for (const char* name : {"train_loss", "valid_loss"})
        EXPECT_NEAR(found.history[e].at(name), expected.history[e].at(name), 1e-4) << name << e;
    const std::string table = "embedding_1.weight";
    ASSERT_TRUE(expected.variables.contains(table));
    const auto ours = floats(found.variables.at(table));
    const auto theirs = floats(expected.variables.at(table));
    for (std::size_t i = 0; i < ours.size(); ++i) EXPECT_NEAR(ours[i], theirs[i], 1e-4) << i;
  }
}

}  // namespace
}  // namespace bascule::cuda
