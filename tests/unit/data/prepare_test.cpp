#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/data/prepare.h>

namespace bascule {
namespace {

using ::testing::HasSubstr;

struct Row {
  std::string user, item;
  float value;
  std::int64_t time = 0;
};

Interactions interactions(const std::vector<Row>& rows, bool with_time = false) {
  Interactions out;
  for (const Row& row : rows) {
    out.user.push_back(out.users.intern(row.user));
    out.item.push_back(out.items.intern(row.item));
    out.value.push_back(row.value);
    if (with_time) out.time.push_back(row.time);
  }
  return out;
}

std::string shown(const Dataset& data) {
  std::string out;
  for (std::int64_t u = 0; u < data.matrix.rows(); ++u) {
    out += fmt::format("{}:", data.users[static_cast<std::int32_t>(u)]);
    const SparseLine line = data.matrix.line(u);
    for (std::size_t i = 0; i < line.size(); ++i) {
      out += fmt::format(" {}={:.6g}", data.items[line.indices[i]], line.values[i]);
    }
    out += "\n";
  }
  return out;
}

TEST(Prepare, NumbersByFirstAppearanceAmongWhatRemains) {
  PrepareOptions options;
  options.min_rating = 3;
  const auto prepared =
      prepare(interactions({{"a", "x", 1}, {"b", "y", 5}, {"a", "z", 4}, {"a", "x", 3}}), options);
  ASSERT_TRUE(prepared.ok());
  EXPECT_EQ(shown(prepared->data), "b: y=5\na: z=4 x=3\n");
  EXPECT_EQ(prepared->report.rows_in, 4);
  EXPECT_EQ(prepared->report.below_min_rating, 1);
}

TEST(Prepare, DuplicatePolicies) {
  const Interactions in = interactions({{"a", "x", 2, 10},
                                        {"a", "y", 1, 20},
                                        {"a", "x", 5, 30},
                                        {"b", "x", 7, 40},
                                        {"a", "x", 4, 50}},
                                       true);
  const struct {
    Duplicates policy;
    const char* rows;
    std::vector<std::int64_t> time;
  } cases[] = {{Duplicates::kFirst, "a: x=2 y=1\nb: x=7\n", {10, 20, 40}},
               {Duplicates::kLast, "a: y=1 x=4\nb: x=7\n", {20, 50, 40}},
               {Duplicates::kMax, "a: y=1 x=5\nb: x=7\n", {20, 30, 40}},
               {Duplicates::kMean, "a: x=3.66667 y=1\nb: x=7\n", {10, 20, 40}},
               {Duplicates::kSum, "a: x=11 y=1\nb: x=7\n", {10, 20, 40}}};
  for (const auto& c : cases) {
    PrepareOptions options;
    options.duplicates = c.policy;
    const auto prepared = prepare(in, options);
    ASSERT_TRUE(prepared.ok());
    EXPECT_EQ(shown(prepared->data), c.rows);
    EXPECT_EQ(prepared->data.time, c.time);
    EXPECT_EQ(prepared->report.duplicates, 2);
  }
  PrepareOptions options;
  options.duplicates = Duplicates::kError;
  const auto refused = prepare(in, options);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kBadData);
  EXPECT_THAT(refused.error().message, HasSubstr("user a rates item x"));
}

TEST(Prepare, ItemsFirstThenUsersOnce) {
  // y is rare; without it, b has one rating left; without b, x has one left and stays.
  const Interactions in = interactions(
      {{"a", "x", 1}, {"b", "x", 1}, {"b", "y", 1}, {"a", "z", 1}, {"c", "z", 1}, {"c", "x", 1}});
  PrepareOptions options;
  options.min_item_ratings = 2;
  options.min_user_ratings = 2;
  const auto prepared = prepare(in, options);
  ASSERT_TRUE(prepared.ok());
  EXPECT_EQ(shown(prepared->data), "a: x=1 z=1\nc: x=1 z=1\n");
  EXPECT_EQ(prepared->report.rare_items, 1);
  EXPECT_EQ(prepared->report.rare_users, 1);
}

TEST(Prepare, BinariseAndNothingLeft) {
  PrepareOptions options;
  options.binarise = true;
  const auto ones = prepare(interactions({{"a", "x", 4}}), options);
  ASSERT_TRUE(ones.ok());
  EXPECT_EQ(shown(ones->data), "a: x=1\n");
  options.min_rating = 5;
  const auto none = prepare(interactions({{"a", "x", 4}}), options);
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, Code::kBadData);
}

// The judge: the definition of the k-core, deleting one kind after the other with std::map.
std::set<std::pair<std::string, std::string>> slow_core(const std::vector<Row>& rows,
                                                        std::int64_t items, std::int64_t users) {
  std::set<std::pair<std::string, std::string>> pairs;
  for (const Row& row : rows) pairs.emplace(row.user, row.item);
  for (bool changed = true; changed;) {
    changed = false;
    std::map<std::string, std::int64_t> of_item;
    std::map<std::string, std::int64_t> of_user;
    for (const auto& [user, item] : pairs) {
      ++of_item[item];
      ++of_user[user];
    }
    for (auto it = pairs.begin(); it != pairs.end();) {
      const bool rare = of_item[it->second] < items || of_user[it->first] < users;
      changed |= rare;
      it = rare ? pairs.erase(it) : std::next(it);
    }
  }
  return pairs;
}

TEST(Prepare, KCoreEqualsTheDefinition) {
  std::uint32_t state = 7;
  const auto draw = [&](std::uint32_t below) {
    state = state * 1664525 + 1013904223;
    return (state >> 10) % below;
  };
  int nonempty = 0;
  for (int round = 0; round < 30; ++round) {
    std::vector<Row> rows;
    rows.reserve(300);
    for (int i = 0; i < 300; ++i)
      rows.push_back({fmt::format("u{}", draw(60)), fmt::format("i{}", draw(1 + draw(60))), 1});
    PrepareOptions options;
    options.k_core = true;
    options.min_item_ratings = 2 + draw(5);
    options.min_user_ratings = 2 + draw(4);
    const auto wanted = slow_core(rows, options.min_item_ratings, options.min_user_ratings);
    const auto prepared = prepare(interactions(rows), options);
    ASSERT_EQ(prepared.ok(), !wanted.empty());
    if (wanted.empty()) continue;
    ++nonempty;
    std::set<std::pair<std::string, std::string>> got;
    for (std::int64_t u = 0; u < prepared->data.matrix.rows(); ++u)
      for (const std::int32_t i : prepared->data.matrix.line(u).indices)
        got.emplace(prepared->data.users[static_cast<std::int32_t>(u)], prepared->data.items[i]);
    EXPECT_EQ(got, wanted);
    const PrepareReport& r = prepared->report;
    EXPECT_EQ(r.rows_in - r.duplicates - r.rare_items - r.rare_users,
              prepared->data.matrix.nonzeros());
  }
  EXPECT_GT(nonempty, 10);
}

// A chain loses one link a round: quadratic for whoever counts everything anew each time.
TEST(Prepare, KCoreOfALongChainEnds) {
  std::vector<Row> rows;
  constexpr int kLength = 200000;
  rows.reserve(2 * kLength + 4);
  for (int i = 0; i < kLength; ++i) {
    rows.push_back({std::to_string(i), std::to_string(i), 1});
    rows.push_back({std::to_string(i), std::to_string(i + 1), 1});
  }
  for (const char* user : {"p", "q"})
    for (const char* item : {"x", "y"}) rows.push_back({user, item, 1});
  PrepareOptions options;
  options.k_core = true;
  options.min_item_ratings = options.min_user_ratings = 2;
  const auto prepared = prepare(interactions(rows), options);
  ASSERT_TRUE(prepared.ok());
  EXPECT_EQ(prepared->data.matrix.nonzeros(), 4);
  EXPECT_GT(prepared->report.rounds, 1000);
}

}  // namespace
}  // namespace bascule
