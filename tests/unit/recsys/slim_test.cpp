// SLIM against scikit-learn's ElasticNet; golden/elastic_net_golden.py made the values.
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <bascule/recsys/slim.h>

namespace bascule {
namespace {

using Rows = std::vector<std::vector<double>>;

struct Golden {
  Rows interactions;
  nlohmann::json problems;
};

const Golden& golden() {
  static const Golden golden = [] {
    std::ifstream file(BASCULE_TEST_DIR "/golden/elastic_net_golden.json");
    const nlohmann::json all = nlohmann::json::parse(file);
    return Golden{all["interactions"].get<Rows>(), all["problems"]};
  }();
  return golden;
}

CsrMatrix sparse(const Rows& rows) {
  std::vector<std::int64_t> offsets(1, 0);
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (row[i] == 0) continue;
      indices.push_back(static_cast<std::int32_t>(i));
      values.push_back(static_cast<float>(row[i]));
    }
    offsets.push_back(std::ssize(indices));
  }
  return CsrMatrix(
      Compressed::make(std::ssize(rows), std::ssize(rows[0]), offsets, indices, values).value());
}

Slim fitted(const CsrMatrix& matrix, const SlimOptions& options) {
  Slim model(options);
  StageTimes times;
  EXPECT_TRUE(model.fit(matrix, default_pool(), times).ok());
  EXPECT_EQ(times.size(), 3U);
  return model;
}

SlimOptions options_of(const nlohmann::json& problem) {
  return {.l1 = problem["l1"].get<float>(), .l2 = problem["l2"].get<float>(), .tolerance = 1e-7F};
}

TEST(Slim, WeightsAreThoseOfScikitLearn) {
  const CsrMatrix matrix = sparse(golden().interactions);
  for (const auto& problem : golden().problems) {
    SCOPED_TRACE(problem["l1"]);
    const Slim model = fitted(matrix, options_of(problem));
    const auto weights = problem["weights"].get<Rows>();
    std::size_t found = 0, expected = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const auto row = model.similar_items(static_cast<std::int32_t>(i), {1000, false}).value();
      for (const Recommendation& best : row)
        EXPECT_NEAR(best.score, weights[i][static_cast<std::size_t>(best.item)], 1e-5);
      found += row.size();
      for (const double weight : weights[i]) expected += weight > 1e-5 ? 1 : 0;
    }
    EXPECT_NEAR(static_cast<double>(found), static_cast<double>(expected), 2);
  }
}

TEST(Slim, ScoresAreSumsOfWeights) {
  const CsrMatrix matrix = sparse(golden().interactions);
  const auto& problem = golden().problems[0];
  const Slim model = fitted(matrix, options_of(problem));
  const auto weights = problem["weights"].get<Rows>();
  for (std::int64_t user = 0; user < matrix.rows(); ++user) {
    const SparseLine history = matrix.line(user);
    const auto list = model.recommend(history, {.k = 24, .exclude_history = false});
    EXPECT_GT(list.size(), 10U);
    for (const Recommendation& best : list) {
      double score = 0;
      for (std::size_t h = 0; h < history.size(); ++h)
        score += double(history.values[h]) * weights[static_cast<std::size_t>(history.indices[h])]
                                                    [static_cast<std::size_t>(best.item)];
      EXPECT_NEAR(best.score, score, 2e-4);
    }
  }
}

TEST(Slim, SaysTheMemoryItTakes) {
  const CompressedView small{10, 1000, nullptr, nullptr, nullptr};
  std::vector<std::int64_t> offsets(11, 0);
  CompressedView view = small;
  view.offsets = offsets.data();
  const std::int64_t all = Slim({}).fit_bytes(view);
  EXPECT_GT(all, 4 * 1000 * 1000);
  EXPECT_LT(Slim({.candidates = 10}).fit_bytes(view), all);
  view.minors = std::int64_t{1} << 31;
  EXPECT_GT(Slim({}).fit_bytes(view), std::int64_t{1} << 62);
}

TEST(Slim, RefusesRatingsThatSquareOutOfRange) {
  const CsrMatrix matrix(Compressed::make(2, 2, {0, 2, 3}, {0, 1, 0}, {1e20F, 1, 1}).value());
  Slim model({});
  StageTimes times;
  const Status status = model.fit(matrix, default_pool(), times);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kBadData);
}

}  // namespace
}  // namespace bascule
