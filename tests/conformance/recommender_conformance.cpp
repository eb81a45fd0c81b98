#include "conformance/recommender_conformance.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <bascule/base/random.h>
#include <bascule/recsys/interactions_io.h>

#include "temp_folder.h"

namespace bascule {
namespace {

using ::testing::IsEmpty;

constexpr std::int32_t kItems = 40, kUsers = 150;

/// Every item once, as a history with values of 1.
struct AllItems {
  AllItems() : items(kItems), values(kItems, 1.0F) {
    for (std::int32_t i = 0; i < kItems; ++i) items[i] = i;
  }
  [[nodiscard]] SparseLine line() const { return {items, values}; }
  std::vector<std::int32_t> items;
  std::vector<float> values;
};

void expect_ordered(const std::vector<Recommendation>& list) {
  std::set<std::int32_t> seen;
  for (std::size_t i = 0; i < list.size(); ++i) {
    EXPECT_GE(list[i].item, 0);
    EXPECT_LT(list[i].item, kItems);
    EXPECT_TRUE(seen.insert(list[i].item).second) << list[i].item << " twice";
    if (i == 0) continue;
    EXPECT_GE(list[i - 1].score, list[i].score) << "at " << i;
    if (list[i - 1].score == list[i].score) {
      EXPECT_LT(list[i - 1].item, list[i].item) << "at " << i;
    }
  }
}

using Indices = std::vector<std::int32_t>;

/// Lists of what may be recommended: short ones, all items, none; with items of histories among
/// them, and the one that nobody has.
struct Lists {
  std::optional<Indices> allow;
  Indices deny;
  [[nodiscard]] ItemFilter filter() const {
    ItemFilter filter{.deny = deny};
    if (allow) filter.allow = *allow;
    return filter;
  }
  [[nodiscard]] bool pass(std::int32_t item) const {
    const auto has = [&](const Indices& list) {
      return std::find(list.begin(), list.end(), item) != list.end();
    };
    return (!allow || has(*allow)) && !has(deny);
  }
  /// What passes of a list of all, cut to k.
  [[nodiscard]] std::vector<Recommendation> of(std::vector<Recommendation> all,
                                               std::int32_t k) const {
    std::erase_if(all, [&](const Recommendation& r) { return !pass(r.item); });
    if (std::ssize(all) > k) all.resize(static_cast<std::size_t>(k));
    return all;
  }
};

std::vector<Lists> all_lists() {
  Indices even, all;
  for (std::int32_t item = 0; item < kItems; ++item) {
    if (item % 2 == 0) even.push_back(item);
    all.push_back(item);
  }
  return {{Indices{3}, {}},
          {Indices{0, 1, 2, 7, 21, 22, 39}, {}},
          {Indices{}, {}},
          {even, {}},
          {all, {}},
          {{}, {0, 2, 5, 21, 39}},
          {{}, even},
          {{}, all},
          {even, {0, 1, 2, 38}},
          {Indices{4, 5, 6}, {5}}};
}

}  // namespace

const CsrMatrix& RecommenderConformance::interactions() {
  static const CsrMatrix matrix = [] {
    const Philox random(17);
    std::vector<std::int64_t> offsets(1, 0);
    std::vector<std::int32_t> indices;
    for (std::int32_t user = 0; user < kUsers; ++user) {
      for (std::int32_t item = 0; item < kItems; ++item) {
        // The twin draws the same number as the item before it.
        const std::int32_t drawn = item == 2 || item == 22 ? item - 1 : item;
        const bool own_taste = (item < 20) == (user % 2 == 0);
        const std::uint64_t cell = std::uint64_t{kItems} * static_cast<std::uint64_t>(user) +
                                   static_cast<std::uint64_t>(drawn);
        bool has = random.uniform(cell) < (own_taste ? 0.35 : 0.05);
        if (user == 7 || item == 39) has = false;
        if (user == 9) has = item == 0;
        if (has) indices.push_back(item);
      }
      offsets.push_back(static_cast<std::int64_t>(indices.size()));
    }
    std::vector<float> values(indices.size(), 1.0F);
    return CsrMatrix(
        Compressed::make(kUsers, kItems, offsets, std::move(indices), std::move(values)).value());
  }();
  return matrix;
}

std::unique_ptr<Recommender> RecommenderConformance::fitted(int threads) {
  auto model = GetParam().make();
  ThreadPool pool(threads);
  StageTimes times;
  const Status status = model->fit(interactions(), pool, times);
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.error().message);
  EXPECT_FALSE(times.empty());
  return model;
}

TEST_P(RecommenderConformance, KnowsItsNameAndSize) {
  EXPECT_EQ(GetParam().make()->items(), 0);
  EXPECT_EQ(GetParam().make()->type(), GetParam().name);
  EXPECT_EQ(fitted()->items(), kItems);
}

TEST_P(RecommenderConformance, ListsAreOrderedAndExcludeTheHistory) {
  const auto model = fitted();
  std::size_t recommended = 0;
  for (std::int64_t user = 0; user < kUsers; ++user) {
    const SparseLine history = interactions().line(user);
    const auto list = model->recommend(history, {.k = 10});
    EXPECT_LE(list.size(), 10U);
    expect_ordered(list);
    for (const Recommendation& best : list) {
      EXPECT_FALSE(std::binary_search(history.indices.begin(), history.indices.end(), best.item))
          << best.item << " of user " << user;
    }
    recommended += list.size();
  }
  EXPECT_GT(recommended, 5U * kUsers);
}

TEST_P(RecommenderConformance, AShorterListIsTheBeginningOfALonger) {
  const auto model = fitted();
  for (const std::int64_t user : {0, 1, 2, 3, 9}) {
    const SparseLine history = interactions().line(user);
    const auto all = model->recommend(history, {.k = 10 * kItems});
    EXPECT_LE(all.size(), kItems - history.size());
    expect_ordered(all);
    for (const std::int32_t k : {0, 1, 2, 7, 20}) {
      const auto size = std::min(all.size(), static_cast<std::size_t>(k));
      EXPECT_EQ(model->recommend(history, {.k = k}),
                std::vector(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(size)))
          << "k = " << k;
    }
  }
}

TEST_P(RecommenderConformance, ListsOfWhatIsAllowedAreThoseOfAFullSort) {
  const auto model = fitted();
  std::size_t recommended = 0;
  for (const std::int64_t user : {0, 1, 2, 7, 9, 30}) {
    const SparseLine history = interactions().line(user);
    for (const bool exclude : {true, false}) {
      const auto all = model->recommend(history, {.k = kItems, .exclude_history = exclude});
      for (const Lists& lists : all_lists()) {
        for (const std::int32_t k : {0, 1, 4, kItems}) {
          const auto list = model->recommend(history, {k, exclude, lists.filter()});
          EXPECT_EQ(list, lists.of(all, k)) << "user " << user << ", k = " << k;
          recommended += list.size();
        }
      }
    }
  }
  EXPECT_GT(recommended, 1000U);
}

TEST_P(RecommenderConformance, AllUsersAtOnceHeedWhatIsAllowed) {
  const auto model = fitted();
  ThreadPool pool(2);
  constexpr std::int32_t kMost = 5;
  for (const Lists& lists : all_lists()) {
    const TopLists top =
        model->recommend_all(interactions().view(), {.k = kMost, .filter = lists.filter()}, pool);
    for (std::int64_t user = 0; user < kUsers; ++user) {
      auto expected =
          model->recommend(interactions().line(user), {.k = kMost, .filter = lists.filter()});
      expected.resize(kMost, {-1, 0});
      for (std::int32_t i = 0; i < kMost; ++i) {
        const auto slot = static_cast<std::size_t>(user * kMost + i);
        const std::string where = fmt::format("user {}, rank {}", user, i);
        ASSERT_TRUE(top.items[slot] < 0 || lists.pass(top.items[slot])) << where;
        ASSERT_EQ(top.items[slot] < 0, expected[i].item < 0) << where;
        ASSERT_NEAR(top.scores[slot], expected[i].score, GetParam().batch_tolerance) << where;
      }
    }
  }
}

TEST_P(RecommenderConformance, TwinsTieToTheLower) {
  const auto model = fitted();
  int pairs = 0;
  for (std::int64_t user = 0; user < 20; ++user) {
    const auto list = model->recommend(interactions().line(user), {.k = kItems});
    for (const std::int32_t item : {1, 21}) {
      const auto of = [&](std::int32_t wanted) {
        return std::find_if(list.begin(), list.end(),
                            [&](const Recommendation& best) { return best.item == wanted; });
      };
      if (of(item) == list.end() || of(item + 1) == list.end()) continue;
      if (GetParam().tie_tolerance == 0) {
        EXPECT_EQ(of(item)->score, of(item + 1)->score) << user;
        EXPECT_LT(of(item), of(item + 1)) << user;
      } else {
        EXPECT_NEAR(of(item)->score, of(item + 1)->score, GetParam().tie_tolerance) << user;
      }
      ++pairs;
    }
  }
  EXPECT_GT(pairs, 5);
}

TEST_P(RecommenderConformance, HistoryMayStayInTheList) {
  const auto model = fitted();
  const AllItems all;
  EXPECT_THAT(model->recommend(all.line(), {.k = 10}), IsEmpty());
  const auto list = model->recommend(all.line(), {.k = kItems, .exclude_history = false});
  EXPECT_GT(list.size(), 20U);
  expect_ordered(list);
  for (const Recommendation& best : list) EXPECT_NE(best.item, 39) << "nobody has it";
}

TEST_P(RecommenderConformance, EmptyHistory) {
  const auto list = fitted()->recommend({}, {.k = 5});
  EXPECT_EQ(list.size(), GetParam().personal ? 0U : 5U);
}

TEST_P(RecommenderConformance, HistoryThatTrainingCannotExplain) {
  // The last item, which nobody has, alone and beside a known one.
  const auto model = fitted();
  const std::vector<std::int32_t> items = {0, kItems - 1};
  const std::vector<float> values = {1, 1};
  const SparseLine both{items, values};
  const SparseLine unknown{both.indices.last(1), both.values.last(1)};
  const auto list = model->recommend(unknown, {.k = 5});
  if (GetParam().personal) {
    EXPECT_THAT(list, IsEmpty());
  }
  expect_ordered(list);
  const auto beside = model->recommend(both, {.k = 5});
  EXPECT_EQ(beside.size(), 5U);
  expect_ordered(beside);
}

TEST_P(RecommenderConformance, AllUsersAtOnceEqualOneByOne) {
  const auto model = fitted();
  for (const int threads : {1, 3}) {
    for (const std::int32_t k : {3, kItems}) {
      ThreadPool pool(threads);
      const TopLists lists = model->recommend_all(interactions().view(), {.k = k}, pool);
      ASSERT_EQ(lists.users, kUsers);
      ASSERT_EQ(lists.k, k);
      ASSERT_EQ(lists.items.size(), static_cast<std::size_t>(kUsers * k));
      ASSERT_EQ(lists.scores.size(), lists.items.size());
      for (std::int64_t user = 0; user < kUsers; ++user) {
        auto expected = model->recommend(interactions().line(user), {.k = k});
        expected.resize(static_cast<std::size_t>(k), {-1, 0});
        for (std::int32_t i = 0; i < k; ++i) {
          const auto slot = static_cast<std::size_t>(user * k + i);
          const std::string where = fmt::format("user {}, rank {}, threads {}", user, i, threads);
          if (GetParam().batch_tolerance > 0) {
            ASSERT_NEAR(lists.scores[slot], expected[i].score, GetParam().batch_tolerance) << where;
            continue;
          }
          ASSERT_EQ((Recommendation{lists.items[slot], lists.scores[slot]}), expected[i]) << where;
        }
      }
    }
  }
}

TEST_P(RecommenderConformance, FitIsReproducible) {
  const auto one = fitted(1), three = fitted(3);
  ThreadPool pool(1);
  StageTimes times;
  // A second fit forgets the first.
  const auto refitted = GetParam().make();
  const CsrMatrix other(Compressed::make(1, 3, {0, 2}, {0, 2}, {1, 1}).value());
  ASSERT_TRUE(refitted->fit(other, pool, times).ok());
  ASSERT_TRUE(refitted->fit(interactions(), pool, times).ok());
  EXPECT_EQ(refitted->items(), kItems);
  const auto expected = one->recommend_all(interactions().view(), {.k = 15}, pool);
  for (const Recommender* again : {three.get(), refitted.get()}) {
    const auto lists = again->recommend_all(interactions().view(), {.k = 15}, pool);
    EXPECT_EQ(lists.items, expected.items);
    EXPECT_EQ(lists.scores, expected.scores);
  }
}

TEST_P(RecommenderConformance, SavedAndLoadedIsTheSame) {
  const auto model = fitted();
  const TempFolder folder;
  const std::string path = folder / "model.safetensors";
  SafetensorsWriter writer;
  save_interactions(writer, interactions().view(), {});
  model->save(writer);
  ASSERT_TRUE(writer.write(path).ok());
  const auto loaded = GetParam().make();
  {
    auto file = SafetensorsFile::open(path);
    ASSERT_TRUE(file.ok()) << file.error().message;
    const Status status = loaded->load(std::move(*file));
    ASSERT_TRUE(status.ok()) << status.error().message;
  }
  EXPECT_EQ(loaded->items(), kItems);
  ThreadPool pool(1);
  const auto expected = model->recommend_all(interactions().view(), {.k = 15}, pool);
  const auto lists = loaded->recommend_all(interactions().view(), {.k = 15}, pool);
  EXPECT_EQ(lists.items, expected.items);
  EXPECT_EQ(lists.scores, expected.scores);
  if (!GetParam().similar) return;
  for (std::int32_t item = 0; item < kItems; ++item)
    EXPECT_EQ(loaded->similar_items(item, {5, true}).value(),
              model->similar_items(item, {5, true}).value());
}

TEST_P(RecommenderConformance, RefusesAFileOfAnotherModel) {
  const TempFolder folder;
  const std::string path = folder / "other.safetensors";
  const std::vector<float> values = {1, 2};
  SafetensorsWriter writer;
  writer.add("something.else", Shape{2}, std::span(values));
  ASSERT_TRUE(writer.write(path).ok());
  auto file = SafetensorsFile::open(path);
  ASSERT_TRUE(file.ok()) << file.error().message;
  const Status status = GetParam().make()->load(std::move(*file));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kBadData);
}

TEST_P(RecommenderConformance, SimilarItems) {
  const auto model = fitted();
  if (!GetParam().similar) {
    const auto refused = model->similar_items(0, {5, false});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Code::kUsage);
    return;
  }
  const auto list = model->similar_items(5, {6, false}).value();
  EXPECT_EQ(list.size(), 6U);
  expect_ordered(list);
  for (const Recommendation& best : list) EXPECT_NE(best.item, 5);
  auto with_self = model->similar_items(5, {7, true}).value();
  ASSERT_EQ(with_self.size(), 7U);
  EXPECT_EQ(with_self[0].item, 5);
  with_self.erase(with_self.begin());
  EXPECT_EQ(with_self, list);
  const auto all = model->similar_items(5, {kItems - 1, false});
  for (const Lists& lists : all_lists()) {
    for (const std::int32_t k : {1, 4}) {
      // Where the model keeps too few neighbours to tell, it says so.
      const auto some = model->similar_items(5, {k, false, lists.filter()});
      if (some.ok() && all.ok()) {
        EXPECT_EQ(*some, lists.of(*all, k));
      }
      ASSERT_TRUE(some.ok() || !all.ok());
      auto self = model->similar_items(5, {k, true, lists.filter()});
      if (!self.ok()) continue;
      const bool is_there = !self->empty() && self->front().item == 5;
      EXPECT_EQ(is_there, lists.pass(5));
    }
  }
  for (const std::int32_t item : {-1, kItems}) {
    const auto refused = model->similar_items(item, {5, false});
    ASSERT_FALSE(refused.ok()) << item;
    EXPECT_EQ(refused.error().code, Code::kUsage);
  }
}

}  // namespace bascule
