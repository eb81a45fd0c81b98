// A file of sparse weights is checked before it is used, or where it is used.
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <bascule/recsys/slim.h>

#include "temp_folder.h"

namespace bascule {
namespace {

struct Tensors {
  std::vector<std::int64_t> offsets = {0, 2, 3, 3};
  std::vector<std::int32_t> ids = {1, 2, 0};
  std::vector<float> weights = {.5F, .5F, .25F};
};

Status load(const Tensors& tensors, Slim& model) {
  const TempFolder folder;
  const std::string path = folder / "model.safetensors";
  SafetensorsWriter writer;
  writer.add("targets.offsets", Shape{std::ssize(tensors.offsets)}, std::span(tensors.offsets));
  writer.add("targets.ids", Shape{std::ssize(tensors.ids)}, std::span(tensors.ids));
  writer.add("targets.weights", Shape{std::ssize(tensors.weights)}, std::span(tensors.weights));
  EXPECT_TRUE(writer.write(path).ok());
  BASCULE_ASSIGN(auto file, SafetensorsFile::open(path));
  return model.load(std::move(file));
}

const std::vector<std::int32_t> kBoth = {0, 1};
const std::vector<float> kOnes = {1, 1};

TEST(SparseWeights, AreReadAsTheyWereWritten) {
  Slim model({});
  ASSERT_TRUE(load({}, model).ok());
  EXPECT_EQ(model.items(), 3);
  EXPECT_EQ(model.recommend({kBoth, kOnes}, {.k = 5}), (std::vector<Recommendation>{{2, .5F}}));
  // Of equal weights the lower item comes first.
  EXPECT_EQ(model.similar_items(0, {5, true}).value(),
            (std::vector<Recommendation>{{0, 1}, {1, .5F}, {2, .5F}}));
  EXPECT_TRUE(model.similar_items(2, {5, false})->empty());
  EXPECT_TRUE(model.similar_items(0, {0, true})->empty());
}

TEST(SparseWeights, ThatDoNotFitAreRefused) {
  const std::vector<std::function<void(Tensors&)>> damages = {
      [](Tensors& t) { t.offsets = {}; },
      [](Tensors& t) { t.offsets[0] = 1; },
      [](Tensors& t) { t.offsets[0] = -1; },
      [](Tensors& t) { t.offsets[1] = 4; },
      [](Tensors& t) { t.offsets[1] = std::numeric_limits<std::int64_t>::min(); },
      [](Tensors& t) { t.offsets.back() = 2; },
      [](Tensors& t) { t.offsets.back() = std::numeric_limits<std::int64_t>::max(); },
      [](Tensors& t) { t.ids.pop_back(); },
      [](Tensors& t) { t.weights.push_back(1); },
  };
  for (std::size_t d = 0; d < damages.size(); ++d) {
    Tensors tensors;
    damages[d](tensors);
    Slim model({});
    const Status status = load(tensors, model);
    ASSERT_FALSE(status.ok()) << d;
    EXPECT_EQ(status.error().code, Code::kBadData);
  }
}

TEST(SparseWeights, ForItemsThatDoNotExistAreLeftOut) {
  for (const std::int32_t id : {-1, 3, std::numeric_limits<std::int32_t>::max()}) {
    Tensors tensors;
    tensors.ids[1] = id;
    Slim model({});
    ASSERT_TRUE(load(tensors, model).ok());
    EXPECT_TRUE(model.recommend({kBoth, kOnes}, {.k = 5}).empty());
    const auto refused = model.similar_items(0, {5, false});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Code::kBadData);
  }
}

TEST(SparseWeights, ThatAreNoNumbersAreLeftOut) {
  Tensors tensors;
  tensors.weights = {NAN, -1, .25F};
  Slim model({});
  ASSERT_TRUE(load(tensors, model).ok());
  EXPECT_EQ(model.recommend({kBoth, kOnes}, {.k = 5, .exclude_history = false}),
            (std::vector<Recommendation>{{0, .25F}}));
  EXPECT_TRUE(model.similar_items(0, {5, false})->empty());
}

}  // namespace
}  // namespace bascule
