#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/base/random.h>
#include <bascule/nn/predictor.h>

#include "unit/run/allocations.h"

namespace bascule::nn {
namespace {

using ::testing::HasSubstr;

std::vector<float> normal_values(std::int64_t count, std::uint64_t seed) {
  const Philox random(seed);
  std::vector<float> out(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(random.normal(i));
  return out;
}

std::vector<float> zeros(std::int64_t count) {
  return std::vector<float>(static_cast<std::size_t>(count));
}

LabelledData images(std::int64_t samples) {
  LabelledData part;
  part.samples = samples;
  part.sample_shape = Shape({3, 4, 5});
  part.bytes = Buffer<std::uint8_t>::make(static_cast<std::size_t>(samples * 60)).value();
  const Philox random(3);
  for (std::size_t i = 0; i < part.bytes.size(); ++i)
    part.bytes[i] = static_cast<std::uint8_t>(random.bits(i));
  return part;
}

class PredictorTest : public ::testing::Test {
 protected:
  Network make(const Shape& sample) {
    return Network::make({dense(70, "relu"), dropout(0.5), dense(33, "tanh"), dense(3, "softmax")},
                         sample, *device_)
        .value();
  }

  ThreadPool pool_{2};
  std::unique_ptr<Device> device_ = make_cpu_device(pool_);
};

TEST_F(PredictorTest, EqualsTheNetworkToTheBit) {
  Network network = make(Shape{50});
  for (const std::int64_t batch : {1, 2, 17, 64}) {
    const std::vector<float> x = normal_values(batch * 50, 1);
    const std::vector<float> expected = network.predict(x).value();
    Result<Predictor> predictor = Predictor::make(network, {.batch = batch});
    ASSERT_TRUE(predictor.ok()) << predictor.error().message;
    EXPECT_EQ(predictor->batch(), batch);
    EXPECT_EQ(predictor->features(), 50);
    EXPECT_EQ(predictor->scores(), 3);
    std::vector<float> scores = zeros(batch * 3);
    for (int call = 0; call < 2; ++call) {
      ASSERT_TRUE(predictor->predict(x, scores).ok());
      EXPECT_EQ(scores, expected) << batch;
    }
  }
}

TEST_F(PredictorTest, ConvertsPixelsAndFloatsAsFeaturesDo) {
  constexpr std::int64_t kSamples = 9, kWidth = 20;
  Network network = make(Shape({1, 4, 5}));
  LabelledData part = images(kSamples);
  PredictorOptions options;
  options.batch = kSamples;
  options.transform = {.grey = true, .scale_low = -1, .scale_high = 2, .standardise = true};
  std::vector<std::int32_t> all(kSamples);
  std::iota(all.begin(), all.end(), 0);
  options.stats = feature_stats(part, options.transform, all).value();
  Predictor predictor = Predictor::make(network, options).value();
  EXPECT_EQ(predictor.features(), 3 * kWidth);

  const auto expected = [&] {
    const Features features = Features::make(part, options.transform, options.stats).value();
    std::vector<float> x = zeros(kSamples * kWidth);
    features.read(all, x.data());
    return network.predict(x).value();
  };
  std::vector<float> scores = zeros(kSamples * 3);
  ASSERT_TRUE(predictor.predict(part.bytes.span(), scores).ok());
  EXPECT_EQ(scores, expected());

  const std::vector<float> floats = normal_values(kSamples * 3 * kWidth, 5);
  ASSERT_TRUE(predictor.predict(floats, scores).ok());
  part.floats = Buffer<float>::make(floats.size()).value();
  std::copy(floats.begin(), floats.end(), part.floats.data());
  part.bytes = {};
  EXPECT_EQ(scores, expected());
}

TEST_F(PredictorTest, TurnsLogitsIntoProbabilities) {
  Network network = Network::make({dense(4)}, Shape{6}, *device_).value();
  const std::vector<float> x = normal_values(2 * 6, 8);
  const std::vector<float> logits = network.predict(x).value();
  Predictor predictor = Predictor::make(network, {.batch = 2, .softmax = true}).value();
  std::vector<float> scores = zeros(2 * 4);
  ASSERT_TRUE(predictor.predict(x, scores).ok());
  for (std::size_t row = 0; row < 8; row += 4) {
    double total = 0;
    for (std::size_t c = 0; c < 4; ++c) total += std::exp(double{logits[row + c]});
    for (std::size_t c = 0; c < 4; ++c)
      EXPECT_NEAR(scores[row + c], std::exp(double{logits[row + c]}) / total, 1e-6);
  }
}

TEST_F(PredictorTest, AllocatesNothing) {
  Network network = make(Shape({1, 30, 40}));
  const LabelledData part = images(20 * 3);  // as many pixels as three samples of 3 x 1200
  PredictorOptions options;
  options.batch = 1;
  options.transform.grey = true;
  options.softmax = true;
  Predictor grey = Predictor::make(network, options).value();
  Predictor plain = Predictor::make(network, {.batch = 3}).value();
  const std::vector<float> x = normal_values(3 * 1200, 1);
  std::vector<float> scores = zeros(9);
  const std::span<const std::uint8_t> pixels(part.bytes.span());
  // The pool's threads start with the first work that is cut up.
  ASSERT_TRUE(plain.predict(x, scores).ok());
  const std::int64_t before = bascule::test::allocations();
  EXPECT_TRUE(plain.predict(x, scores).ok());
  EXPECT_TRUE(grey.predict(pixels, std::span(scores).first(3)).ok());
  EXPECT_TRUE(grey.predict(x, std::span(scores).first(3)).ok());
  EXPECT_EQ(bascule::test::allocations(), before);
}

TEST_F(PredictorTest, SeesNewParameters) {
  Network network = make(Shape{50}),
          other = Network::make(network.model(), Shape{50}, *device_, 9).value();
  Predictor predictor = Predictor::make(network).value();
  const std::vector<float> x = normal_values(50, 1);
  std::vector<float> scores = zeros(3);
  ASSERT_TRUE(predictor.predict(x, scores).ok());
  EXPECT_NE(scores, other.predict(x).value());
  const auto snapshot = VariableSnapshot::take(other.store(), kModelRoles);
  ASSERT_TRUE(snapshot->restore(network.store()).ok());
  ASSERT_TRUE(predictor.predict(x, scores).ok());
  EXPECT_EQ(scores, other.predict(x).value());
}

TEST_F(PredictorTest, WhatDoesNotFitIsAUsageError) {
  Network network = make(Shape{50});
  for (const std::int64_t batch : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1} << 62})
    EXPECT_EQ(Predictor::make(network, {.batch = batch}).error().code, Code::kUsage) << batch;
  PredictorOptions options;
  options.transform.standardise = true;
  EXPECT_THAT(Predictor::make(network, options).error().message, HasSubstr("50 features"));

  Predictor predictor = Predictor::make(network, {.batch = 2}).value();
  std::vector<float> x = zeros(100), scores = zeros(6);
  EXPECT_TRUE(predictor.predict(x, scores).ok());
  EXPECT_EQ(predictor.predict(std::span<const float>(x).first(99), scores).error().code,
            Code::kUsage);
  EXPECT_EQ(predictor.predict(x, std::span(scores).first(3)).error().code, Code::kUsage);
  const std::vector<std::uint8_t> pixels(101);
  EXPECT_THAT(predictor.predict(pixels, scores).error().message,
              HasSubstr("101 features and room for 6 scores"));
}

}  // namespace
}  // namespace bascule::nn
