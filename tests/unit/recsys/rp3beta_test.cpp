// RP3beta against its formula in double precision over matrices written out.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <bascule/base/random.h>
#include <bascule/recsys/rp3beta.h>

namespace bascule {
namespace {

using Row = std::vector<double>;
using Rows = std::vector<Row>;

constexpr std::size_t kUsers = 70, kItems = 26;

struct Case {
  std::string name;
  Rp3betaOptions options;
  bool binary = false;
};

std::ostream& operator<<(std::ostream& out, const Case& test) {
  return out << test.name;
}

/// Item 25 and user 69 have none. Real values, so that weights do not tie.
Rows ratings(bool binary) {
  const Philox random(31);
  Rows x(kUsers, Row(kItems, 0.0));
  for (std::size_t u = 0; u + 1 < kUsers; ++u)
    for (std::size_t i = 0; i + 1 < kItems; ++i) {
      const auto cell = static_cast<std::uint64_t>(u * kItems + i);
      if (random.uniform(2 * cell) * static_cast<double>(i + 3) > 3) continue;
      x[u][i] = binary ? 1 : static_cast<float>(.5 + 4 * random.uniform(2 * cell + 1));
    }
  return x;
}

CsrMatrix sparse(const Rows& x) {
  std::vector<std::int64_t> offsets(1, 0);
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  for (const Row& row : x) {
    for (std::size_t i = 0; i < kItems; ++i) {
      if (row[i] == 0) continue;
      indices.push_back(static_cast<std::int32_t>(i));
      values.push_back(static_cast<float>(row[i]));
    }
    offsets.push_back(std::ssize(indices));
  }
  return CsrMatrix(Compressed::make(kUsers, kItems, offsets, indices, values).value());
}

/// Zeros all but the k largest; of equal ones the first stay.
void keep_largest(const std::vector<double*>& values, std::int32_t k) {
  std::vector<double*> order = values;
  std::stable_sort(order.begin(), order.end(),
                   [](const double* a, const double* b) { return *a > *b; });
  for (std::size_t p = static_cast<std::size_t>(k); p < order.size(); ++p) *order[p] = 0;
}

Rows expected_weights(const Rows& x, const Rp3betaOptions& options) {
  Row user_sums(kUsers, 0), item_sums(kItems, 0), counts(kItems, 0);
  for (std::size_t u = 0; u < kUsers; ++u)
    for (std::size_t i = 0; i < kItems; ++i) {
      user_sums[u] += x[u][i];
      item_sums[i] += x[u][i];
      counts[i] += x[u][i] > 0 ? 1 : 0;
    }
  Rows w(kItems, Row(kItems, 0.0));
  for (std::size_t i = 0; i < kItems; ++i) {
    std::vector<double*> row;
    for (std::size_t j = 0; j < kItems; ++j) {
      row.push_back(&w[i][j]);
      if (i == j) continue;
      for (std::size_t u = 0; u < kUsers; ++u) {
        if (x[u][i] == 0 || x[u][j] == 0) continue;
        w[i][j] += std::pow(x[u][i] / item_sums[i], double(options.transition_exponent)) *
                   std::pow(x[u][j] / user_sums[u], double(options.transition_exponent));
      }
      if (w[i][j] > 0) w[i][j] /= std::pow(counts[j], double(options.popularity_exponent));
    }
    keep_largest(row, options.neighbors);
    const double sum = std::accumulate(w[i].begin(), w[i].end(), 0.0);
    if (!options.normalise || sum == 0) continue;
    for (double& weight : w[i]) weight /= sum;
  }
  for (std::size_t j = 0; j < kItems; ++j) {
    std::vector<double*> column;
    for (std::size_t i = 0; i < kItems; ++i) column.push_back(&w[i][j]);
    keep_largest(column, options.neighbors);
  }
  return w;
}

class Walks : public testing::TestWithParam<Case> {};

TEST_P(Walks, WeightsAndScoresAreThoseOfTheFormula) {
  const Rows x = ratings(GetParam().binary);
  const CsrMatrix matrix = sparse(x);
  Rp3beta model(GetParam().options);
  StageTimes times;
  ASSERT_TRUE(model.fit(matrix, default_pool(), times).ok());
  EXPECT_EQ(times.size(), 3U);
  const Rows w = expected_weights(x, GetParam().options);
  for (std::size_t i = 0; i < kItems; ++i) {
    const auto row = model.similar_items(static_cast<std::int32_t>(i), {kItems, false}).value();
    EXPECT_EQ(std::ssize(row),
              std::count_if(w[i].begin(), w[i].end(), [](double weight) { return weight > 0; }));
    for (const Recommendation& best : row) {
      const double weight = w[i][static_cast<std::size_t>(best.item)];
      EXPECT_NEAR(best.score, weight, 1e-5 * weight) << i << ", " << best.item;
    }
  }
  for (std::size_t u = 0; u < kUsers; ++u) {
    const auto list = model.recommend(matrix.line(static_cast<std::int64_t>(u)),
                                      {.k = kItems, .exclude_history = false});
    Row scores(kItems, 0);
    for (std::size_t i = 0; i < kItems; ++i)
      for (std::size_t j = 0; j < kItems; ++j) scores[j] += x[u][i] * w[i][j];
    EXPECT_EQ(std::ssize(list),
              std::count_if(scores.begin(), scores.end(), [](double score) { return score > 0; }));
    for (const Recommendation& best : list) {
      const double score = scores[static_cast<std::size_t>(best.item)];
      EXPECT_NEAR(best.score, score, 1e-5 * score);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Walks,
    testing::Values(Case{"Defaults", {}}, Case{"FewNeighbors", {.neighbors = 5}},
                    Case{"NotNormalised", {.neighbors = 6, .normalise = false}},
                    Case{"Exponents",
                         {.neighbors = 7, .transition_exponent = 1.7F, .popularity_exponent = 0}},
                    Case{"PopularEndsCountLittle", {.neighbors = 7, .popularity_exponent = 2}},
                    Case{"Binary", {}, true},
                    Case{"BinaryNotNormalised", {.normalise = false}, true}),
    [](const auto& test) { return test.param.name; });

TEST(Rp3beta, RefusesInteractionsBelowZero) {
  const CsrMatrix matrix(Compressed::make(1, 2, {0, 2}, {0, 1}, {1, -2}).value());
  Rp3beta model({});
  StageTimes times;
  const Status status = model.fit(matrix, default_pool(), times);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kBadData);
  EXPECT_NE(status.error().message.find("-2"), std::string::npos);
}

TEST(Rp3beta, ZerosAreNoInteractions) {
  const CsrMatrix matrix(
      Compressed::make(2, 3, {0, 3, 5}, {0, 1, 2, 0, 1}, {1, 1, 0, 1, 1}).value());
  for (const float alpha : {0.0F, 1.0F}) {
    Rp3beta model({.transition_exponent = alpha});
    StageTimes times;
    ASSERT_TRUE(model.fit(matrix, default_pool(), times).ok());
    EXPECT_EQ(model.similar_items(0, {5, false})->size(), 1U);
    EXPECT_TRUE(model.similar_items(2, {5, false})->empty());
  }
}

TEST(Rp3beta, SaysTheMemoryItTakes) {
  const std::vector<std::int64_t> offsets(2, 0);
  const CompressedView view{1, 1'000'000, offsets.data(), nullptr, nullptr};
  EXPECT_GT(Rp3beta({.neighbors = 100}).fit_bytes(view), 100 * 1'000'000 * 8);
}

}  // namespace
}  // namespace bascule
