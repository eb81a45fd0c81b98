#include <algorithm>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/base/random.h>
#include <bascule/data/split.h>

namespace bascule {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

CsrMatrix matrix_of(std::int64_t items, const std::vector<std::vector<std::int32_t>>& rows) {
  std::vector<std::int64_t> offsets(1, 0);
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  for (const auto& row : rows) {
    for (const std::int32_t item : row) {
      indices.push_back(item);
      // The value tells where the interaction came from.
      values.push_back(static_cast<float>(1000 * offsets.size() + item));
    }
    offsets.push_back(static_cast<std::int64_t>(indices.size()));
  }
  const auto rows_count = static_cast<std::int64_t>(rows.size());
  return CsrMatrix(Compressed::make(rows_count, items, offsets, indices, values).value());
}

/// Rows of 0 to 29 items out of 40; the rare items 38 and 39 occur in a few rows only.
CsrMatrix random_matrix(std::int64_t users) {
  const Philox random(11);
  std::vector<std::vector<std::int32_t>> rows;
  for (std::int64_t u = 0; u < users; ++u) {
    const auto at = static_cast<std::uint64_t>(u * 100);
    std::vector<std::int32_t> items(38);
    for (std::int32_t i = 0; i < 38; ++i) items[i] = i;
    random.shuffle(std::span(items), at);
    items.resize(random.below(at + 50, 30));
    if (u % 20 == 7) items.push_back(u % 40 == 7 ? 38 : 39);
    std::sort(items.begin(), items.end());
    rows.push_back(items);
  }
  return matrix_of(40, rows);
}

std::vector<std::int32_t> items_of(const CsrMatrix& matrix, std::int64_t row) {
  const SparseLine line = matrix.line(row);
  return {line.indices.begin(), line.indices.end()};
}

std::vector<std::int32_t> merged(const std::vector<std::int32_t>& a,
                                 const std::vector<std::int32_t>& b) {
  std::vector<std::int32_t> all;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(all));
  return all;
}

bool same(const CsrMatrix& a, const CsrMatrix& b) {
  return a.offsets() == b.offsets() && a.indices() == b.indices() && a.values() == b.values();
}

TEST(Split, AutoHeldoutIsATenthInHundreds) {
  const std::map<std::int64_t, std::int64_t> expected = {
      {5, 1},      {49, 4},       {999, 99},         {1000, 100},      {1999, 100},
      {6039, 600}, {45833, 4500}, {100'000, 10'000}, {136'677, 10'000}};
  for (const auto& [users, heldout] : expected) EXPECT_EQ(auto_heldout(users), heldout) << users;
}

TEST(Split, KindsHaveNames) {
  EXPECT_EQ(parse_split_kind("strong").value(), SplitKind::kStrong);
  EXPECT_EQ(parse_split_kind("leave-one-out").value(), SplitKind::kLeaveOneOut);
  EXPECT_EQ(parse_split_kind("random").value(), SplitKind::kRandom);
  EXPECT_EQ(parse_split_kind("time").value(), SplitKind::kTime);
  const auto unknown = parse_split_kind("weak");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, Code::kUsage);
  EXPECT_THAT(unknown.error().message, HasSubstr("leave-one-out"));
}

TEST(StrongSplit, HoldsOutWholeUsers) {
  const CsrMatrix data = random_matrix(400);
  const Split split = make_split(data, {}, {.seed = 3, .heldout = 60}).value();
  EXPECT_EQ(split.train.rows(), 280);
  EXPECT_EQ(split.train_users.size(), 280U);
  std::set<std::int32_t> users(split.train_users.begin(), split.train_users.end());
  EXPECT_EQ(users.size(), 280U);
  for (const auto* held : {&split.valid_users, &split.test_users}) {
    EXPECT_TRUE(std::is_sorted(held->begin(), held->end()));
    EXPECT_GT(held->size(), 30U);
    for (const std::int32_t user : *held) EXPECT_TRUE(users.insert(user).second) << user;
  }
  std::set<std::int32_t> train_items;
  for (std::size_t r = 0; r < split.train_users.size(); ++r) {
    const auto row = static_cast<std::int64_t>(r);
    EXPECT_EQ(items_of(split.train, row), items_of(data, split.train_users[r]));
    for (const std::int32_t item : items_of(split.train, row)) train_items.insert(item);
  }
  EXPECT_EQ(split.train_items, static_cast<std::int64_t>(train_items.size()));
}

TEST(StrongSplit, CutsHeldOutRowsAsThePublishedCode) {
  const CsrMatrix data = random_matrix(400);
  const Split split = make_split(data, {}, {.seed = 3, .heldout = 60}).value();
  const std::set<std::int32_t> known(split.train.indices().begin(), split.train.indices().end());
  std::set<std::int32_t> evaluated;
  for (const bool test : {false, true}) {
    const CsrMatrix& in = test ? split.test_in : split.valid_in;
    const CsrMatrix& out = test ? split.test_out : split.valid_out;
    const auto& users = test ? split.test_users : split.valid_users;
    ASSERT_EQ(in.rows(), static_cast<std::int64_t>(users.size()));
    ASSERT_EQ(out.rows(), in.rows());
    EXPECT_EQ(in.cols(), 40);
    for (std::int64_t r = 0; r < in.rows(); ++r) {
      std::vector<std::int32_t> row = items_of(data, users[r]);
      std::erase_if(row, [&](std::int32_t item) { return !known.contains(item); });
      EXPECT_EQ(merged(items_of(in, r), items_of(out, r)), row);
      EXPECT_GE(row.size(), 5U);
      EXPECT_EQ(out.line(r).size(), row.size() / 5);
      EXPECT_EQ(in.line(r).size() + out.line(r).size(), row.size());
      for (std::size_t i = 0; i < out.line(r).size(); ++i)
        EXPECT_EQ(out.line(r).values[i], 1000 * (users[r] + 1) + out.line(r).indices[i]);
      evaluated.insert(users[r]);
    }
  }
  // Who is neither trained on nor evaluated has fewer than five interactions.
  const std::set<std::int32_t> trained(split.train_users.begin(), split.train_users.end());
  for (std::int32_t user = 0; user < 400; ++user) {
    if (trained.contains(user) || evaluated.contains(user)) continue;
    std::vector<std::int32_t> row = items_of(data, user);
    std::erase_if(row, [&](std::int32_t item) { return !known.contains(item); });
    EXPECT_LT(row.size(), 5U) << user;
  }
}

TEST(StrongSplit, RemovesItemsThatTrainingDoesNotHave) {
  // Every user has one item of his own, which training cannot know for those held out.
  std::vector<std::vector<std::int32_t>> rows(10, {0, 1, 2, 3, 4});
  for (std::int32_t u = 0; u < 10; ++u) rows[u].push_back(5 + u);
  const Split split = make_split(matrix_of(15, rows), {}, {.heldout = 2}).value();
  EXPECT_EQ(split.train_items, 5 + 6);
  EXPECT_EQ(split.unseen, 4);
  ASSERT_EQ(split.test_in.rows(), 2);
  EXPECT_EQ(split.test_in.line(0).size(), 4U);
  EXPECT_EQ(split.test_out.line(0).size(), 1U);
  EXPECT_LT(split.test_out.line(0).indices[0], 5);
}

TEST(StrongSplit, TargetsAreDrawnEvenly) {
  std::vector<std::vector<std::int32_t>> rows(2000, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  const Split split = make_split(matrix_of(10, rows), {}, {.seed = 1, .heldout = 900}).value();
  std::vector<int> drawn(10, 0);
  for (const std::int32_t item : split.test_out.indices()) ++drawn[item];
  // 1,800 draws over 10 items: 180 each, standard deviation 12.
  for (const int count : drawn) EXPECT_NEAR(count, 180, 60);
}

TEST(StrongSplit, SeedDecides) {
  const CsrMatrix data = random_matrix(300);
  const auto with = [&](std::uint64_t seed) {
    return make_split(data, {}, {.seed = seed, .heldout = 50}).value();
  };
  const Split a = with(5), again = with(5), b = with(6);
  EXPECT_EQ(a.test_users, again.test_users);
  EXPECT_TRUE(same(a.test_in, again.test_in));
  EXPECT_TRUE(same(a.valid_out, again.valid_out));
  EXPECT_NE(a.test_users, b.test_users);
}

TEST(StrongSplit, WithoutValidationThoseUsersAreTrainedOn) {
  const CsrMatrix data = random_matrix(300);
  const Split both = make_split(data, {}, {.heldout = 50}).value();
  const Split test_only = make_split(data, {}, {.validation = false, .heldout = 50}).value();
  EXPECT_EQ(test_only.train.rows(), 250);
  EXPECT_EQ(test_only.valid_in.rows(), 0);
  EXPECT_TRUE(std::includes(test_only.train_users.begin(), test_only.train_users.end(),
                            both.valid_users.begin(), both.valid_users.end()));
}

TEST(LeaveOneOut, TakesTheLastByTime) {
  const CsrMatrix data = matrix_of(6, {{0, 1, 2, 3}, {1, 4}, {5}, {}, {0, 2, 5}});
  const std::vector<std::int64_t> time = {40, 10, 30, 20, 7, 3, 1, -5, 9, 2};
  const Split split = make_split(data, time, {.kind = SplitKind::kLeaveOneOut}).value();
  EXPECT_THAT(split.test_users, ElementsAre(0, 1, 4));
  EXPECT_THAT(split.test_out.indices(), ElementsAre(0, 1, 2));
  EXPECT_THAT(split.valid_users, ElementsAre(0, 4));
  EXPECT_THAT(split.valid_out.indices(), ElementsAre(2, 5));
  EXPECT_THAT(split.train_users, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(split.train.indices(), ElementsAre(1, 3, 4, 5, 0));
  EXPECT_THAT(split.train.offsets(), ElementsAre(0, 2, 3, 4, 4, 5));
  EXPECT_THAT(split.test_in.indices(), ElementsAre(1, 3, 4, 0));
  EXPECT_EQ(split.train_items, 5);
  EXPECT_EQ(split.unseen, 2);  // item 2 of users 0 and 4 is in nobody's training row
}

TEST(LeaveOneOut, WithoutValidationOrTimes) {
  const CsrMatrix data = random_matrix(300);
  const Split split =
      make_split(data, {}, {.kind = SplitKind::kLeaveOneOut, .seed = 2, .validation = false})
          .value();
  EXPECT_THAT(split.valid_users, IsEmpty());
  std::set<std::int32_t> positions;
  for (std::size_t r = 0; r < split.test_users.size(); ++r) {
    const auto row = static_cast<std::int64_t>(r);
    const std::int32_t user = split.test_users[r];
    ASSERT_EQ(split.test_out.line(row).size(), 1U);
    const auto all = items_of(data, user);
    EXPECT_EQ(items_of(split.test_in, row), items_of(split.train, user));
    EXPECT_EQ(merged(items_of(split.test_in, row), items_of(split.test_out, row)), all);
    const auto at = std::find(all.begin(), all.end(), split.test_out.line(row).indices[0]);
    positions.insert(static_cast<std::int32_t>(at - all.begin()));
  }
  EXPECT_GT(positions.size(), 15U);  // not always the same place in the row
}

TEST(RandomSplit, HoldsAFractionOfEachUser) {
  const CsrMatrix data = random_matrix(300);
  const Split split = make_split(data, {}, {.kind = SplitKind::kRandom, .fraction = 0.25}).value();
  ASSERT_GT(split.test_users.size(), 200U);
  EXPECT_EQ(split.valid_users, split.test_users);
  for (std::size_t r = 0; r < split.test_users.size(); ++r) {
    const auto row = static_cast<std::int64_t>(r);
    const auto all = items_of(data, split.test_users[r]);
    const auto test = items_of(split.test_out, row), valid = items_of(split.valid_out, row);
    EXPECT_EQ(test.size(), all.size() / 4);
    EXPECT_EQ(valid.size(), all.size() / 4);
    EXPECT_EQ(merged(merged(test, valid), items_of(split.test_in, row)), all);
    EXPECT_EQ(test.size() + valid.size() + split.test_in.line(row).size(), all.size());
  }
}

TEST(TimeSplit, CutsAtTheSameInstantForAll) {
  const CsrMatrix data = matrix_of(4, {{0, 1, 2, 3}, {0, 1, 3}, {2, 3}, {0}});
  const std::vector<std::int64_t> time = {1, 8, 3, 10, 2, 7, 9, 4, 5, 6};
  const Split split = make_split(data, time, {.kind = SplitKind::kTime, .fraction = 0.2}).value();
  // Times 9 and 10 are tested on, 7 and 8 validated on.
  EXPECT_THAT(split.test_users, ElementsAre(0, 1));
  EXPECT_THAT(split.test_out.indices(), ElementsAre(3, 3));
  EXPECT_THAT(split.valid_out.indices(), ElementsAre(1, 1));
  EXPECT_THAT(split.train.indices(), ElementsAre(0, 2, 0, 2, 3, 0));
  EXPECT_THAT(split.test_in.indices(), ElementsAre(0, 2, 0));
}

TEST(TimeSplit, EqualTimesAreDividedAtRandom) {
  const CsrMatrix data = random_matrix(200);
  const std::vector<std::int64_t> time(data.values().size(), 5);
  const Split split =
      make_split(data, time, {.kind = SplitKind::kTime, .seed = 4, .validation = false}).value();
  const auto held = static_cast<std::int64_t>(0.2 * static_cast<double>(data.nonzeros()));
  EXPECT_EQ(split.train.nonzeros(), data.nonzeros() - held);
  EXPECT_GT(split.test_users.size(), 150U);  // not only the last rows of the matrix
}

TEST(Split, RefusesWhatCannotBe) {
  const CsrMatrix data = random_matrix(10);
  const std::vector<std::int64_t> short_time(3, 0);
  const struct {
    const char* why;
    SplitOptions options;
    std::span<const std::int64_t> time;
    Code code;
  } cases[] = {
      {"all users held out", {.heldout = 5}, {}, Code::kUsage},
      {"none held out", {.heldout = 0}, {}, Code::kUsage},
      {"fraction", {.fraction = 1.0}, {}, Code::kUsage},
      {"fraction of two parts", {.kind = SplitKind::kRandom, .fraction = 0.5}, {}, Code::kUsage},
      {"no times", {.kind = SplitKind::kTime}, {}, Code::kUsage},
      {"times missing", {}, short_time, Code::kUsage},
      {"nobody to test", {.min_interactions = 1000}, {}, Code::kBadData},
  };
  for (const auto& c : cases) {
    const auto split = make_split(data, c.time, c.options);
    ASSERT_FALSE(split.ok()) << c.why;
    EXPECT_EQ(split.error().code, c.code) << c.why;
  }
  EXPECT_EQ(make_split(CsrMatrix(), {}, {}).error().code, Code::kUsage);
}

}  // namespace
}  // namespace bascule
