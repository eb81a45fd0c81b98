// The real labelled sets: counts, classes and first pixels as their documentation and the bytes of
// their files give them.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/data/inspect.h>
#include <bascule/data/labelled.h>
#include <bascule/data/normalise.h>

namespace bascule {
namespace {

using testing::Each;
using testing::ElementsAre;

class RealLabelled : public testing::Test {
 protected:
  /// The folder of a set; the test is skipped when there is none.
  static std::string folder(const std::string& name) {
    const char* root = std::getenv("BASCULE_DATA");
    if (root == nullptr) return {};
    const auto path = std::filesystem::path(root) / name;
    return std::filesystem::exists(path) ? path.string() : std::string();
  }
};

#define REQUIRE_FOUND(found, name) \
  if ((found).empty()) GTEST_SKIP() << (name) << " is not in BASCULE_DATA"

double mean_of(const LabelledData& part) {
  double sum = 0;
  for (const std::uint8_t value : part.bytes.span()) sum += value;
  return sum / static_cast<double>(part.bytes.size());
}

TEST_F(RealLabelled, FashionMnist) {
  const std::string path = folder("fashion-mnist");
  REQUIRE_FOUND(path, "fashion-mnist");
  const auto set = read_labelled(path);
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_EQ(set->format, "idx");
  EXPECT_EQ(set->train.samples, 60000);
  EXPECT_EQ(set->test.samples, 10000);
  EXPECT_EQ(set->train.sample_shape, Shape({1, 28, 28}));
  EXPECT_EQ(set->train.classes[9], "Ankle boot");
  // The published labels begin 9 0 0 3 0 and 9 2 1 1 6.
  EXPECT_THAT(std::vector<std::int32_t>(set->train.labels.begin(), set->train.labels.begin() + 5),
              ElementsAre(9, 0, 0, 3, 0));
  EXPECT_THAT(std::vector<std::int32_t>(set->test.labels.begin(), set->test.labels.begin() + 5),
              ElementsAre(9, 2, 1, 1, 6));
  EXPECT_NEAR(mean_of(set->train), 72.94035, 1e-5);
}

TEST_F(RealLabelled, Mnist) {
  const std::string path = folder("mnist");
  REQUIRE_FOUND(path, "mnist");
  const auto found = inspect_labelled(path);
  ASSERT_TRUE(found.ok()) << found.error().message;
  ASSERT_EQ(found->parts.size(), 2U);
  EXPECT_THAT(found->parts[0].histogram,
              ElementsAre(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949));
  EXPECT_THAT(found->parts[1].histogram,
              ElementsAre(980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009));
  EXPECT_NEAR(found->parts[0].mean / 255, 0.1307, 5e-5);  // as published everywhere
  EXPECT_EQ(found->parts[0].maximum, 255);
}

TEST_F(RealLabelled, Cifar10) {
  const std::string path = folder("cifar-10");
  REQUIRE_FOUND(path, "cifar-10");
  const auto set = read_labelled(path);
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_EQ(set->format, "cifar-10");
  EXPECT_EQ(set->report.good, 60000);
  EXPECT_EQ(set->report.files.size(), 6U);
  const LabelledData& train = set->train;
  std::vector<int> train_counts(10), test_counts(10);
  for (const std::int32_t label : train.labels) ++train_counts[static_cast<std::size_t>(label)];
  for (const std::int32_t label : set->test.labels) ++test_counts[static_cast<std::size_t>(label)];
  EXPECT_THAT(train_counts, Each(5000));
  EXPECT_THAT(test_counts, Each(1000));
  EXPECT_EQ(train.classes[0], "airplane");
  EXPECT_EQ(train.classes[9], "truck");
  // The first image of the published data_batch_1 is a frog whose first pixel is (59, 62, 63).
  EXPECT_EQ(train.labels[0], 6);
  EXPECT_EQ(train.bytes[0], 59);
  EXPECT_EQ(train.bytes[1024], 62);
  EXPECT_EQ(train.bytes[2048], 63);
  // The published means of the channels.
  std::array<double, 3> sums = {};
  for (std::size_t i = 0; i < train.bytes.size(); ++i) sums[i / 1024 % 3] += train.bytes[i];
  EXPECT_NEAR(sums[0] / (50000.0 * 1024 * 255), 0.49140, 5e-6);
  EXPECT_NEAR(sums[1] / (50000.0 * 1024 * 255), 0.48216, 5e-6);
  EXPECT_NEAR(sums[2] / (50000.0 * 1024 * 255), 0.44653, 5e-6);
  FeatureTransform grey;
  grey.grey = true;
  grey.scale_low = -0.5;
  grey.scale_high = 0.5;
  const auto features = Features::make(train, grey);
  ASSERT_TRUE(features.ok()) << features.error().message;
  std::vector<float> image(1024);
  features->read(std::vector<std::int32_t>{0}, image.data());
  // (.299 * 59 + .587 * 62 + .114 * 63) / 255 - .5 = 61.217 / 255 - .5
  EXPECT_NEAR(image[0], -0.259933333, 1e-7);
}

TEST_F(RealLabelled, AdrenalMnist3dInBothFormats) {
  const std::string path = folder("adrenalmnist3d");
  REQUIRE_FOUND(path, "adrenalmnist3d");
  const auto idx = read_labelled(path);
  const auto npz = read_labelled(path + "/adrenalmnist3d.npz");
  ASSERT_TRUE(idx.ok()) << idx.error().message;
  ASSERT_TRUE(npz.ok()) << npz.error().message;
  EXPECT_EQ(idx->train.samples, 1188);
  ASSERT_TRUE(idx->valid && npz->valid);
  EXPECT_EQ(idx->valid->samples, 98);
  EXPECT_EQ(idx->test.samples, 298);
  EXPECT_EQ(idx->train.sample_shape, Shape({1, 28, 28, 28}));
  EXPECT_EQ(npz->train.sample_shape, idx->train.sample_shape);
  EXPECT_EQ(npz->train.labels, idx->train.labels);
  EXPECT_EQ(npz->valid->labels, idx->valid->labels);
  EXPECT_EQ(npz->test.labels, idx->test.labels);
  EXPECT_TRUE(std::equal(npz->test.bytes.span().begin(), npz->test.bytes.span().end(),
                         idx->test.bytes.span().begin(), idx->test.bytes.span().end()));
  EXPECT_EQ(npz->train.classes.size(), 2U);
}

}  // namespace
}  // namespace bascule
