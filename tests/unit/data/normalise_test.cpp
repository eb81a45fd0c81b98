#include <cmath>
#include <limits>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/base/random.h>
#include <bascule/data/normalise.h>

namespace bascule {
namespace {

using testing::ElementsAre;
using testing::FloatEq;
using testing::HasSubstr;

/// Images of random bytes; odd sizes reach the ends of vectorised loops.
LabelledData random_images(std::int64_t samples, const Shape& shape) {
  LabelledData part;
  part.samples = samples;
  part.sample_shape = shape;
  part.bytes =
      Buffer<std::uint8_t>::make(static_cast<std::size_t>(samples * shape.count())).value();
  const Philox random(7);
  for (std::size_t i = 0; i < part.bytes.size(); ++i)
    part.bytes[i] = static_cast<std::uint8_t>(random.bits(i));
  return part;
}

LabelledData rows_of(std::int64_t samples, const std::vector<float>& values) {
  LabelledData part;
  part.samples = samples;
  part.sample_shape = Shape({static_cast<std::int64_t>(values.size()) / samples});
  part.floats = Buffer<float>::make(values.size()).value();
  std::copy(values.begin(), values.end(), part.floats.data());
  return part;
}

std::vector<float> read_all(const Features& features) {
  std::vector<std::int32_t> samples(static_cast<std::size_t>(features.samples()));
  std::iota(samples.begin(), samples.end(), 0);
  std::vector<float> out(samples.size() * static_cast<std::size_t>(features.width()));
  features.read(samples, out.data());
  return out;
}

std::vector<std::int32_t> first_samples(std::int32_t count) {
  std::vector<std::int32_t> samples(static_cast<std::size_t>(count));
  std::iota(samples.begin(), samples.end(), 0);
  return samples;
}

TEST(Normalise, ScalesBytesAsNumPyDoes) {
  LabelledData part;
  part.samples = 1;
  part.sample_shape = Shape({1, 16, 16});
  part.bytes = Buffer<std::uint8_t>::make(256).value();
  std::iota(part.bytes.data(), part.bytes.data() + 256, std::uint8_t{0});
  const auto unit = read_all(Features::make(part, {}).value());
  FeatureTransform centred;
  centred.scale_low = -0.5;
  centred.scale_high = 0.5;
  const auto half = read_all(Features::make(part, centred).value());
  FeatureTransform wide;
  wide.scale_low = -1;
  wide.scale_high = 3;
  const auto other = read_all(Features::make(part, wide).value());
  for (int v = 0; v < 256; ++v) {
    const auto i = static_cast<std::size_t>(v);
    // The correctly rounded quotient, by way of double precision.
    EXPECT_EQ(unit[i], static_cast<float>(v / 255.0)) << v;
    EXPECT_EQ(half[i], static_cast<float>(static_cast<double>(unit[i]) - 0.5)) << v;
    EXPECT_NEAR(other[i], v / 255.0 * 4 - 1, 2e-7) << v;
  }
}

TEST(Normalise, GreyIsTheLumaOfThreePlanes) {
  const LabelledData part = random_images(5, Shape({3, 7, 11}));
  FeatureTransform transform;
  transform.grey = true;
  transform.scale_low = -0.5;
  transform.scale_high = 0.5;
  const auto features = Features::make(part, transform).value();
  EXPECT_EQ(features.shape(), Shape({1, 7, 11}));
  const auto out = read_all(features);
  ASSERT_EQ(out.size(), 5U * 77);
  for (std::size_t n = 0; n < 5; ++n) {
    for (std::size_t p = 0; p < 77; ++p) {
      const std::uint8_t* image = part.bytes.data() + n * 231;
      const double luma = .299 * image[p] + .587 * image[77 + p] + .114 * image[154 + p];
      // Five roundings of numbers up to 255 and those of the weights, then two below 1.
      EXPECT_NEAR(out[n * 77 + p], luma / 255 - .5, 3e-7);
      const float red = .299F * static_cast<float>(image[p]);
      const float green = .587F * static_cast<float>(image[77 + p]);
      const float blue = .114F * static_cast<float>(image[154 + p]);
      EXPECT_EQ(out[n * 77 + p], (red + green + blue) / 255.0F - .5F);
    }
  }
  transform.flatten = true;
  EXPECT_EQ(Features::make(part, transform)->shape(), Shape({77}));
}

TEST(Normalise, GreyOfFloatsIsNotScaled) {
  LabelledData part = rows_of(1, {1, 2, 3});
  part.sample_shape = Shape({3, 1, 1});
  FeatureTransform transform;
  transform.grey = true;
  EXPECT_THAT(read_all(Features::make(part, transform).value()),
              ElementsAre(FloatEq(static_cast<float>(.299 + 2 * .587 + 3 * .114))));
}

TEST(Normalise, ReadsAnyOrderAndKeepsFloatsEqually) {
  const LabelledData part = random_images(600, Shape({3, 5, 3}));
  for (const bool grey : {false, true}) {
    FeatureTransform transform;
    transform.grey = grey;
    const auto bytes = Features::make(part, transform).value();
    const auto floats = Features::make(part, transform, {}, Keep::kFloats).value();
    EXPECT_EQ(read_all(bytes), read_all(floats));
    const auto width = static_cast<std::size_t>(bytes.width());
    const auto all = read_all(bytes);
    std::vector<float> two(2 * width);
    floats.read(std::vector<std::int32_t>{599, 3}, two.data());
    EXPECT_TRUE(std::equal(two.begin(), two.begin() + static_cast<std::ptrdiff_t>(width),
                           all.begin() + static_cast<std::ptrdiff_t>(599 * width)));
    EXPECT_TRUE(std::equal(two.begin() + static_cast<std::ptrdiff_t>(width), two.end(),
                           all.begin() + static_cast<std::ptrdiff_t>(3 * width)));
  }
  const auto refused = Features::make(part, {}, {}, Keep::kFloats, 600 * 45 * 4 - 1);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kFailed);
}

TEST(Normalise, StandardisesWithTheGivenSamples) {
  // The last sample is no part of the statistics; the second feature is constant in the others.
  const LabelledData part = rows_of(4, {1e6F, 5, 1e6F + 2, 5, 1e6F + 4, 5, -3, 9});
  FeatureTransform transform;
  transform.standardise = true;
  const auto stats = feature_stats(part, transform, first_samples(3));
  ASSERT_TRUE(stats.ok()) << stats.error().message;
  EXPECT_THAT(stats->mean, ElementsAre(1e6F + 2, 5));
  EXPECT_THAT(stats->deviation, ElementsAre(FloatEq(std::sqrt(8.0F / 3)), 1));
  const auto out = read_all(Features::make(part, transform, *stats).value());
  EXPECT_FLOAT_EQ(out[0], -std::sqrt(1.5F));
  EXPECT_EQ(out[1], 0);
  EXPECT_EQ(out[2], 0);
  EXPECT_EQ(out[7], 4);
}

TEST(Normalise, StatisticsDoNotDependOnThreads) {
  const LabelledData part = random_images(3000, Shape({3, 4, 4}));
  FeatureTransform transform;
  transform.grey = true;
  ThreadPool one(1);
  ThreadPool three(3);
  const auto a = feature_stats(part, transform, first_samples(2999), one).value();
  const auto b = feature_stats(part, transform, first_samples(2999), three).value();
  EXPECT_EQ(a.mean, b.mean);
  EXPECT_EQ(a.deviation, b.deviation);
  // Against two plain passes.
  const auto all = read_all(Features::make(part, transform).value());
  for (std::size_t f = 0; f < 16; ++f) {
    double mean = 0;
    double variance = 0;
    for (std::size_t n = 0; n < 2999; ++n) mean += all[n * 16 + f] / 2999.0;
    for (std::size_t n = 0; n < 2999; ++n) variance += std::pow(all[n * 16 + f] - mean, 2) / 2999;
    EXPECT_NEAR(a.mean[f], mean, 1e-6);
    EXPECT_NEAR(a.deviation[f], std::sqrt(variance), 1e-6);
  }
}

TEST(Normalise, RefusesTransformsThatDoNotFit) {
  const LabelledData part = rows_of(2, {1, 2, 3, 4});
  const auto refusal = [&](const FeatureTransform& transform) {
    const auto features = Features::make(part, transform);
    EXPECT_FALSE(features.ok());
    EXPECT_EQ(features.ok() ? Code::kFailed : features.error().code, Code::kUsage);
    return features.ok() ? "" : features.error().message;
  };
  FeatureTransform grey;
  grey.grey = true;
  EXPECT_THAT(refusal(grey), HasSubstr("three channels"));
  FeatureTransform standardise;
  standardise.standardise = true;
  EXPECT_THAT(refusal(standardise), HasSubstr("statistics of 2 features"));
  for (const double high : {0.0, -1.0, std::numeric_limits<double>::infinity(),
                            std::numeric_limits<double>::quiet_NaN()}) {
    FeatureTransform range;
    range.scale_high = high;
    EXPECT_THAT(refusal(range), HasSubstr("is not a range"));
  }
  EXPECT_FALSE(feature_stats(part, {}, {}).ok());
}

}  // namespace
}  // namespace bascule
