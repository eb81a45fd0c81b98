#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/recsys/popularity.h>

#include "temp_folder.h"

namespace bascule {
namespace {

// Items 0 to 5 have 1, 3, 0, 3, 2 and 0 users; values do not matter.
CsrMatrix data() {
  return CsrMatrix(Compressed::make(4, 6, {0, 2, 5, 8, 9}, {1, 3, 1, 3, 4, 1, 3, 4, 0},
                                    {5, 1, 9, 1, -1, 0, 1, 1, 7})
                       .value());
}

TEST(Popularity, MostUsersFirstTiesToTheLower) {
  Popularity model;
  EXPECT_EQ(model.items(), 0);
  StageTimes times;
  ASSERT_TRUE(model.fit(data(), default_pool(), times).ok());
  EXPECT_EQ(model.items(), 6);
  ASSERT_EQ(times.size(), 1U);
  EXPECT_EQ(times[0].first, "count");
  const std::vector<Recommendation> all = {{1, 3}, {3, 3}, {4, 2}, {0, 1}};
  EXPECT_EQ(model.recommend({}, {.k = 10}), all);
  EXPECT_EQ(model.recommend({}, {.k = 1}), (std::vector<Recommendation>{{1, 3}}));
}

TEST(Popularity, LeavesOutTheHistory) {
  Popularity model;
  StageTimes times;
  ASSERT_TRUE(model.fit(data(), default_pool(), times).ok());
  const std::vector<std::int32_t> items = {1, 2, 4};
  const std::vector<float> values = {1, 1, 1};
  EXPECT_EQ(model.recommend({items, values}, {.k = 3}),
            (std::vector<Recommendation>{{3, 3}, {0, 1}}));
  EXPECT_EQ(model.recommend({items, values}, {.k = 2, .exclude_history = false}),
            (std::vector<Recommendation>{{1, 3}, {3, 3}}));
}

TEST(Popularity, RefusesNegativeCounts) {
  const TempFolder folder;
  const std::string path = folder / "model.safetensors";
  const std::vector<std::int64_t> counts = {3, -1};
  SafetensorsWriter writer;
  writer.add("item_users", Shape{2}, std::span(counts));
  ASSERT_TRUE(writer.write(path).ok());
  auto file = SafetensorsFile::open(path);
  ASSERT_TRUE(file.ok()) << file.error().message;
  Popularity model;
  const Status status = model.load(std::move(*file));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kBadData);
  EXPECT_THAT(status.error().message, testing::HasSubstr("item_users[1]"));
  EXPECT_EQ(model.items(), 0);
}

TEST(Popularity, CountsUsersPerItem) {
  EXPECT_EQ(count_item_users(data().view()), (std::vector<std::int64_t>{1, 3, 0, 3, 2, 0}));
  EXPECT_TRUE(count_item_users(CsrMatrix().view()).empty());
}

}  // namespace
}  // namespace bascule
