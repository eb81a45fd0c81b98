// Item-kNN and user-kNN against plain loops in double precision over the matrix written out.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <ostream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/base/random.h>
#include <bascule/recsys/item_knn.h>
#include <bascule/recsys/user_knn.h>

namespace bascule {
namespace {

using Row = std::vector<double>;
using Rows = std::vector<Row>;

constexpr std::int32_t kUsers = 60, kItems = 25;

/// Real-valued ratings, so that scores do not tie. Item 24 and user 59 have none.
CsrMatrix ratings() {
  const Philox random(5);
  std::vector<std::int64_t> offsets(1, 0);
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  for (std::uint64_t user = 0; user < kUsers; ++user) {
    for (std::int32_t item = 0; item < kItems; ++item) {
      const std::uint64_t cell = user * kItems + static_cast<std::uint64_t>(item);
      if (item == 24 || user == 59 || random.uniform(2 * cell) > 0.2) continue;
      indices.push_back(item);
      values.push_back(static_cast<float>(0.5 + 5 * random.uniform(2 * cell + 1)));
    }
    offsets.push_back(std::ssize(indices));
  }
  return CsrMatrix(Compressed::make(kUsers, kItems, offsets, indices, values).value());
}

Rows written_out(const CsrMatrix& matrix) {
  Rows rows(kUsers, Row(kItems, 0.0));
  for (std::int64_t u = 0; u < kUsers; ++u) {
    const SparseLine line = matrix.line(u);
    for (std::size_t p = 0; p < line.size(); ++p) rows[u][line.indices[p]] = line.values[p];
  }
  return rows;
}

Rows turned(const Rows& rows) {
  Rows columns(rows[0].size(), Row(rows.size(), 0.0));
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t c = 0; c < rows[r].size(); ++c) columns[c][r] = rows[r][c];
  }
  return columns;
}

/// √r · max(0, ln D − ln(1 + n)).
Rows tf_idf(Rows documents) {
  for (std::size_t term = 0; term < documents[0].size(); ++term) {
    const auto count = std::count_if(documents.begin(), documents.end(),
                                     [&](const Row& document) { return document[term] != 0; });
    const double idf = std::max(
        0.0, std::log(static_cast<double>(documents.size()) / (1 + static_cast<double>(count))));
    for (Row& document : documents) document[term] = std::sqrt(document[term]) * idf;
  }
  return documents;
}

double dot(const Row& a, const Row& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

struct Case {
  std::string name;
  KnnOptions options;
};

std::ostream& operator<<(std::ostream& out, const Case& test) {
  return out << test.name;
}

/// The `neighbors` best of `points` for `line`: index and similarity, without `self`.
std::vector<std::pair<double, std::size_t>> nearest(const Rows& points, const Row& line,
                                                    std::size_t self, const KnnOptions& options) {
  const double alpha = options.similarity.alpha;
  std::vector<std::pair<double, std::size_t>> found;
  for (std::size_t j = 0; j < points.size(); ++j) {
    const double product = dot(line, points[j]);
    if (j == self || product <= 0) continue;
    const double norms =
        std::pow(dot(line, line), alpha) * std::pow(dot(points[j], points[j]), 1 - alpha);
    found.emplace_back(product / (norms + options.similarity.shrinkage), j);
  }
  std::sort(found.rbegin(), found.rend());
  found.resize(std::min(found.size(), static_cast<std::size_t>(options.neighbors)));
  return found;
}

/// Items with a positive score, best first; those of `seen` left out.
std::vector<std::pair<double, std::size_t>> ranked(const Row& scores, const Row& seen) {
  std::vector<std::pair<double, std::size_t>> list;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] > 0 && seen[i] == 0) list.emplace_back(scores[i], i);
  }
  std::sort(list.rbegin(), list.rend());
  return list;
}

void expect_same(const std::vector<Recommendation>& list,
                 const std::vector<std::pair<double, std::size_t>>& expected) {
  ASSERT_EQ(list.size(), expected.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    EXPECT_EQ(list[i].item, static_cast<std::int32_t>(expected[i].second)) << "rank " << i;
    EXPECT_NEAR(list[i].score, expected[i].first, 1e-5 * (1 + expected[i].first)) << "rank " << i;
  }
}

class Knn : public testing::TestWithParam<Case> {
 protected:
  [[nodiscard]] Rows weighted(const Rows& documents) const {
    return GetParam().options.weighting.weighting == Weighting::kTfIdf ? tf_idf(documents)
                                                                       : documents;
  }
};

TEST_P(Knn, ItemScoresAreSumsOverTheNearestItems) {
  const KnnOptions& options = GetParam().options;
  const CsrMatrix matrix = ratings();
  ItemKnn model(options);
  StageTimes times;
  ASSERT_TRUE(model.fit(matrix, default_pool(), times).ok());

  const Rows users = written_out(matrix);
  const Rows items = weighted(turned(users));
  std::vector<std::vector<std::pair<double, std::size_t>>> lists;
  for (std::size_t i = 0; i < kItems; ++i) {
    lists.push_back(nearest(items, items[i], i, options));
    expect_same(
        model.similar_items(static_cast<std::int32_t>(i), {options.neighbors, false}).value(),
        lists.back());
  }
  for (std::size_t u = 0; u < kUsers; ++u) {
    SCOPED_TRACE(u);
    Row scores(kItems, 0.0);
    for (std::size_t i = 0; i < kItems; ++i) {
      for (const auto& [similarity, j] : lists[i]) scores[i] += users[u][j] * similarity;
    }
    const SparseLine history = matrix.line(static_cast<std::int64_t>(u));
    expect_same(model.recommend(history, {.k = kItems}), ranked(scores, users[u]));
    expect_same(model.recommend(history, {.k = kItems, .exclude_history = false}),
                ranked(scores, Row(kItems, 0.0)));
  }
}

TEST_P(Knn, UserScoresAreSumsOverTheNearestUsers) {
  const KnnOptions& options = GetParam().options;
  const CsrMatrix matrix = ratings();
  UserKnn model(options);
  StageTimes times;
  ASSERT_TRUE(model.fit(matrix, default_pool(), times).ok());

  const Rows users = written_out(matrix);
  const Rows points = weighted(users);
  for (std::size_t u = 0; u < kUsers; ++u) {
    SCOPED_TRACE(u);
    Row scores(kItems, 0.0);
    for (const auto& [similarity, v] : nearest(points, points[u], kUsers, options)) {
      for (std::size_t i = 0; i < kItems; ++i) scores[i] += similarity * users[v][i];
    }
    expect_same(model.recommend(matrix.line(static_cast<std::int64_t>(u)), {.k = kItems}),
                ranked(scores, users[u]));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, Knn,
    testing::Values(Case{"Cosine", {}}, Case{"FewNeighbors", {.neighbors = 3}},
                    Case{"Shrinkage", {.neighbors = 7, .similarity = {.shrinkage = 30}}},
                    Case{"Asymmetric", {.neighbors = 7, .similarity = {.alpha = 0.2F}}},
                    Case{"TfIdf", {.neighbors = 7, .weighting = {.weighting = Weighting::kTfIdf}}}),
    [](const auto& test) { return test.param.name; });

TEST(ItemKnn, MoreNeighborsThanAreStored) {
  ItemKnn model({.neighbors = 3});
  StageTimes times;
  ASSERT_TRUE(model.fit(ratings(), default_pool(), times).ok());
  EXPECT_EQ(model.similar_items(0, {3, false})->size(), 3U);
  EXPECT_EQ(model.similar_items(0, {4, true})->size(), 4U);
  const auto refused = model.similar_items(0, {4, false});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kUsage);
  EXPECT_TRUE(model.similar_items(0, {0, true})->empty());
}

TEST(ItemKnn, TellsWhenItsListsAreTooShortForWhatIsAllowed) {
  ItemKnn model({.neighbors = 3});
  StageTimes times;
  ASSERT_TRUE(model.fit(ratings(), default_pool(), times).ok());
  const auto all = model.similar_items(0, {3, false}).value();
  const std::vector<std::int32_t> first = {all[0].item};
  // Two of the three may be listed; a third may be among those that are not stored.
  EXPECT_EQ(model.similar_items(0, {2, false, {.deny = first}}).value(),
            (std::vector{all[1], all[2]}));
  const auto refused = model.similar_items(0, {3, false, {.deny = first}});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kUsage);
}

}  // namespace
}  // namespace bascule
