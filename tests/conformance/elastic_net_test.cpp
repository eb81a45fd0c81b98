// Elastic nets against coordinate descent on the rows of X in double precision.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <bascule/base/random.h>
#include <bascule/devices/elastic_net.h>

namespace bascule {
namespace {

using Row = std::vector<double>;

constexpr std::size_t kSamples = 250;

enum class Values { kOnes, kRatings, kSigned };

struct Case {
  std::string name;
  std::size_t columns;
  Values values;
  ElasticNet problem;
};

/// By column: columns that resemble one another in groups of seven, some frequent; the last is
/// empty.
std::vector<Row> columns_of(const Case& c) {
  const Philox random(29);
  std::vector<Row> x(c.columns, Row(kSamples, 0.0));
  for (std::size_t j = 0; j + 1 < c.columns; ++j) {
    const double frequency = .9 / (1 + .05 * static_cast<double>(j));
    for (std::size_t r = 0; r < kSamples; ++r) {
      const double taste = random.uniform(j / 7 * kSamples + r) < .5 ? 1.3 : .3;
      const auto cell = std::uint64_t{1 << 20} + j * kSamples + r;
      if (random.uniform(cell) > taste * frequency) continue;
      x[j][r] = c.values == Values::kOnes ? 1
                : c.values == Values::kRatings
                    ? 1 + std::floor(5 * random.uniform(cell + (1U << 28)))
                    : random.normal(cell + (1U << 28));
    }
  }
  return x;
}

double dot(const Row& a, const Row& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

SymmetricMatrix gram_of(const std::vector<Row>& x) {
  SymmetricMatrix gram = SymmetricMatrix::make(std::ssize(x)).value();
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = 0; j < x.size(); ++j)
      gram.at(std::int64_t(i), std::int64_t(j)) = static_cast<float>(dot(x[i], x[j]));
  return gram;
}

/// Which columns may have a weight for column j.
std::vector<bool> allowed(const std::vector<Row>& x, std::size_t j, std::int32_t candidates) {
  std::vector<std::pair<double, std::size_t>> order;
  for (std::size_t k = 0; k < x.size(); ++k) {
    const double square = dot(x[k], x[k]);
    if (k != j && square > 0) order.emplace_back(-dot(x[k], x[j]) / std::sqrt(square), k);
  }
  std::sort(order.begin(), order.end());
  std::vector<bool> may(x.size(), false);
  for (std::size_t p = 0; p < order.size(); ++p)
    may[order[p].second] = candidates == 0 || p < static_cast<std::size_t>(candidates);
  return may;
}

/// Descends on the residuals until nothing moves.
Row solve(const std::vector<Row>& x, std::size_t j, const ElasticNet& problem) {
  const std::vector<bool> may = allowed(x, j, problem.candidates);
  Row w(x.size(), 0.0), residual = x[j];
  for (double longest = 1; longest > 1e-11;) {
    longest = 0;
    for (std::size_t k = 0; k < x.size(); ++k) {
      if (!may[k]) continue;
      const double square = dot(x[k], x[k]);
      const double best =
          std::max(0.0, (dot(x[k], residual) + square * w[k] - problem.l1) / (square + problem.l2));
      const double move = best - w[k];
      if (move == 0) continue;
      for (std::size_t r = 0; r < kSamples; ++r) residual[r] -= move * x[k][r];
      w[k] = best;
      longest = std::max(longest, std::abs(move));
    }
  }
  return w;
}

Row written_out(const std::vector<ColumnWeight>& weights, std::size_t columns) {
  Row out(columns, 0.0);
  std::int32_t previous = -1;
  for (const auto& [column, weight] : weights) {
    EXPECT_GT(column, previous);
    EXPECT_GT(weight, 0);
    out[static_cast<std::size_t>(column)] = weight;
    previous = column;
  }
  return out;
}

class ElasticNets : public testing::TestWithParam<Case> {};

TEST_P(ElasticNets, EqualsDescentOnTheResiduals) {
  const Case& c = GetParam();
  const std::vector<Row> x = columns_of(c);
  const SymmetricMatrix gram = gram_of(x);
  ThreadPool one(1), three(3);
  const auto found = elastic_net(gram, c.problem, one).value();
  const auto again = elastic_net(gram, c.problem, three).value();
  ASSERT_EQ(found.size(), x.size());
  std::size_t weights = 0;
  for (std::size_t j = 0; j < x.size(); ++j) {
    const Row w = written_out(found[j], x.size());
    EXPECT_EQ(w, written_out(again[j], x.size()));
    EXPECT_EQ(w[j], 0);
    weights += found[j].size();
    if (j % 5 != 0) continue;
    const Row expected = solve(x, j, c.problem);
    for (std::size_t k = 0; k < x.size(); ++k)
      ASSERT_NEAR(w[k], expected[k], 2e-5) << "weight of " << k << " for " << j;
  }
  EXPECT_GT(weights, x.size());
  EXPECT_LT(weights, x.size() * (x.size() - 1));
}

/// What makes a minimum, whatever way it was found: no weight gains by moving.
TEST_P(ElasticNets, MeetsTheConditionsOfKarushKuhnAndTucker) {
  const Case& c = GetParam();
  const std::vector<Row> x = columns_of(c);
  const auto found = elastic_net(gram_of(x), c.problem, default_pool()).value();
  for (std::size_t j = 0; j < x.size(); ++j) {
    const Row w = written_out(found[j], x.size());
    Row residual = x[j];
    for (std::size_t k = 0; k < x.size(); ++k)
      for (std::size_t r = 0; r < kSamples; ++r) residual[r] -= w[k] * x[k][r];
    const std::vector<bool> may = allowed(x, j, c.problem.candidates);
    for (std::size_t k = 0; k < x.size(); ++k) {
      if (!may[k]) {
        EXPECT_EQ(w[k], 0);
        continue;
      }
      const double slope = dot(x[k], residual) - c.problem.l1 - c.problem.l2 * w[k];
      const double square = dot(x[k], x[k]) + c.problem.l2;
      if (w[k] > 0) {
        ASSERT_NEAR(slope / square, 0, 1e-5) << k << " for " << j;
      } else {
        ASSERT_LT(slope / square, 1e-5) << k << " for " << j;
      }
    }
  }
}

constexpr float kFine = 1e-7F;

INSTANTIATE_TEST_SUITE_P(
    Cases, ElasticNets,
    testing::Values(
        Case{"Ones", 60, Values::kOnes, {.l1 = 2, .l2 = 5, .tolerance = kFine}},
        Case{"Ratings", 60, Values::kRatings, {.l1 = 20, .l2 = 30, .tolerance = kFine}},
        Case{"Signed", 60, Values::kSigned, {.l1 = 1, .l2 = 3, .tolerance = kFine}},
        Case{"ManyWeights", 200, Values::kOnes, {.l1 = .01F, .l2 = 20, .tolerance = kFine}},
        Case{"NoL1", 90, Values::kRatings, {.l1 = 0, .l2 = 60, .tolerance = kFine}},
        Case{"Candidates",
             60,
             Values::kOnes,
             {.l1 = .5F, .l2 = 5, .tolerance = kFine, .candidates = 9}}),
    [](const auto& test) { return test.param.name; });

TEST(ElasticNet, StopsAfterSoManyPasses) {
  const Case c{"", 60, Values::kOnes, {.l1 = 0, .l2 = 1e-3F, .tolerance = 1e-12F, .iterations = 3}};
  const auto found = elastic_net(gram_of(columns_of(c)), c.problem, default_pool()).value();
  EXPECT_FALSE(found[0].empty());
}

TEST(ElasticNet, GivesAColumnOnlySoManyWeights) {
  // All but the first column stand at right angles, so that weights do not depend on one another.
  constexpr std::int64_t kColumns = kMostColumnWeights + 100;
  SymmetricMatrix gram = SymmetricMatrix::make(kColumns).value();
  for (std::int64_t k = 0; k < kColumns; ++k) {
    gram.at(k, 0) = gram.at(0, k) = static_cast<float>(1 + (k * 7) % kColumns) / kColumns;
    gram.at(k, k) = 4;
  }
  const ElasticNet problem{.l1 = 0, .l2 = 4, .tolerance = 1e-6F};
  const auto weights = elastic_net(gram, problem, default_pool()).value()[0];
  EXPECT_EQ(std::ssize(weights), kMostColumnWeights);
  for (const auto& [column, weight] : weights) {
    EXPECT_NEAR(weight, gram.at(0, column) / 8, 1e-7);
    EXPECT_GT(gram.at(0, column), 99.0 / kColumns) << "the least are left out";
  }
}

TEST(ElasticNet, OfNoColumnsIsEmpty) {
  EXPECT_TRUE(elastic_net(SymmetricMatrix::make(0).value(), {}, default_pool())->empty());
}

TEST(ElasticNet, RefusesWhatSinglePrecisionDoesNotHold) {
  for (const float square : {1e35F, std::numeric_limits<float>::infinity(), NAN}) {
    SymmetricMatrix gram = SymmetricMatrix::make(2).value();
    gram.at(0, 0) = 1;
    gram.at(1, 1) = square;
    const auto refused = elastic_net(gram, {}, default_pool());
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Code::kBadData);
  }
}

}  // namespace
}  // namespace bascule
