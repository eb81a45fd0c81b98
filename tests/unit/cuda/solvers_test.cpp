// Least squares and elastic nets on the emulated driver, in both orders of threads: against their
// equations in double precision, and against the cpu.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include <bascule/base/random.h>
#include <bascule/devices/alternating.h>
#include <bascule/devices/solves_elastic_nets.h>

#include "cuda/every_failure.h"
#include "cuda/open_fake.h"

namespace bascule::cuda {
namespace {

using bascule::test::FakeDriver, bascule::test::open_fake;

/// Users with none, one, some and more items than a block has threads.
CsrMatrix observations(std::int32_t items) {
  std::vector<std::int64_t> offsets(1, 0);
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  for (const std::int32_t wanted : {0, 1, 3, 40, 255, 256, 257, 600}) {
    const std::int32_t count = std::min(wanted, items);
    for (std::int32_t e = 0; e < count; ++e) {
      indices.push_back(static_cast<std::int32_t>(std::int64_t{e} * items / count));
      values.push_back(1 + static_cast<float>(e % 4) / 2);
    }
    offsets.push_back(std::ssize(indices));
  }
  return CsrMatrix(Compressed::make(8, items, offsets, indices, values).value());
}

FactorMatrix random_factors(std::int64_t rows, std::int64_t factors) {
  const Philox random(8);
  FactorMatrix f = FactorMatrix::make(rows, factors).value();
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t k = 0; k < factors; ++k)
      f.row(i)[k] =
          static_cast<float>(random.uniform(static_cast<std::uint64_t>(i * factors + k)) - .4);
  return f;
}

double dot(const float* a, const float* b, std::int64_t n) {
  double sum = 0;
  for (std::int64_t k = 0; k < n; ++k) sum += double{a[k]} * double{b[k]};
  return sum;
}

/// How far a row is from solving its equations: the largest slope, over the largest one at zero
/// or 1.
double slope_left(SparseLine line, const FactorView& f, const LeastSquares& problem,
                  const float* w) {
  const double known =
      static_cast<double>(line.size()) + double{problem.unobserved} * static_cast<double>(f.rows);
  const double lambda = double{problem.l2} * std::pow(known, double{problem.exponent});
  std::vector<double> slope(static_cast<std::size_t>(f.factors)), at_zero(slope.size(), 0);
  for (std::size_t k = 0; k < slope.size(); ++k) slope[k] = lambda * double{w[k]};
  const auto add = [&](std::int64_t i, double scale, std::vector<double>& to) {
    for (std::size_t k = 0; k < to.size(); ++k) to[k] += scale * double{f.row(i)[k]};
  };
  for (std::int64_t i = 0; i < f.rows; ++i)
    add(i, double{problem.unobserved} * dot(f.row(i), w, f.factors), slope);
  for (std::size_t e = 0; e < line.size(); ++e) {
    const double value = line.values[e];
    add(line.indices[e], value * (dot(f.row(line.indices[e]), w, f.factors) - 1), slope);
    add(line.indices[e], value, at_zero);
  }
  const auto largest = [](const std::vector<double>& x) {
    double most = 0;
    for (const double v : x) most = std::max(most, std::abs(v));
    return most;
  };
  return largest(slope) / std::max(largest(at_zero), 1.0);
}

TEST(CudaLeastSquares, HalfStepsSolveTheirEquations) {
  for (const std::int64_t factors : {1, 7, 33, 64, 300}) {
    SCOPED_TRACE(factors);
    FakeDriver fake;
    const auto device = open_fake(fake);
    auto& solver = dynamic_cast<SolvesLeastSquares&>(*device);
    const CsrMatrix x = observations(610), turned = transpose(x);
    // Items are solved for by the factors of the users: those that a half step has found.
    const FactorMatrix first = random_factors(610, factors);
    const LeastSquares problem{.1F, .2F, .5F};
    const auto there = solver.alternate(x.view(), turned.view(), first, problem);
    ASSERT_TRUE(there.ok()) << there.error().message;
    fake.backwards = factors % 2 == 0;
    FactorMatrix users = FactorMatrix::make(8, factors).value();
    FactorMatrix items = random_factors(610, factors), found = random_factors(610, factors);
    constexpr int kSteps = 60;
    (*there)->solve_users(kSteps);
    (*there)->solve_items(kSteps);
    ASSERT_TRUE((*there)->read_items(found).ok());
    solve_rows(x.view(), first.view(), problem, kSteps, users, default_pool());
    for (std::int64_t user = 0; user < 8; ++user)
      EXPECT_LT(slope_left(x.view().line(user), first.view(), problem, users.row(user)), 1e-4);
    for (std::int64_t item = 0; item < 610; ++item)
      EXPECT_LT(slope_left(turned.view().line(item), users.view(), problem, found.row(item)), 1e-3)
          << item;
    solve_rows(turned.view(), users.view(), problem, kSteps, items, default_pool());
    for (std::int64_t item = 0; item < 610; ++item)
      for (std::int64_t k = 0; k < factors; ++k)
        EXPECT_NEAR(found.row(item)[k], items.row(item)[k], 2e-3) << item << ' ' << k;
  }
}

TEST(CudaLeastSquares, FewStepsAreThoseOfTheCpu) {
  FakeDriver fake;
  const auto device = open_fake(fake);
  const CsrMatrix x = observations(610), turned = transpose(x);
  FactorMatrix items = random_factors(610, 24), found = random_factors(610, 24);
  FactorMatrix users = FactorMatrix::make(8, 24).value();
  const LeastSquares problem{.1F, .2F, .5F};  // rounding does not grow
  const auto there =
      dynamic_cast<SolvesLeastSquares&>(*device).alternate(x.view(), turned.view(), items, problem);
  ASSERT_TRUE(there.ok());
  for (int iteration = 0; iteration < 2; ++iteration) {
    solve_rows(x.view(), items.view(), problem, 3, users, default_pool());
    solve_rows(turned.view(), users.view(), problem, 3, items, default_pool());
    (*there)->solve_users(3);
    (*there)->solve_items(3);
  }
  ASSERT_TRUE((*there)->read_items(found).ok());
  for (std::int64_t item = 0; item < 610; ++item)
    for (std::int64_t k = 0; k < 24; ++k)
      EXPECT_NEAR(found.row(item)[k], items.row(item)[k], 1e-3) << item << ' ' << k;
}

TEST(CudaLeastSquares, EveryFailureIsTold) {
  const CsrMatrix x = observations(50), turned = transpose(x);
  const FactorMatrix first = random_factors(50, 4);
  bascule::test::expect_every_failure_told(
      [&](Device& device) -> Status {
        auto& solver = dynamic_cast<SolvesLeastSquares&>(device);
        BASCULE_ASSIGN(const auto there, solver.alternate(x.view(), turned.view(), first, {}));
        there->solve_users(2);
        there->solve_items(2);
        FactorMatrix items = random_factors(50, 4);
        return there->read_items(items);
      },
      60);
}

TEST(CudaLeastSquares, TooMuchForTheMemoryIsRefused) {
  FakeDriver fake;
  fake.memory = 4096;
  const auto device = open_fake(fake);
  const CsrMatrix x = observations(610), turned = transpose(x);
  const std::int64_t before = fake.allocated();
  const auto refused = dynamic_cast<SolvesLeastSquares&>(*device).alternate(
      x.view(), turned.view(), random_factors(610, 8), {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kFailed);
  EXPECT_NE(refused.error().message.find("out of memory"), std::string::npos);
  EXPECT_EQ(fake.allocated(), before);
}

enum class Kind { kOnes, kRatings, kSigned };

/// The whole Gram matrix of columns that resemble one another in groups; the last is empty.
SymmetricMatrix gram_of(std::int32_t columns, Kind kind) {
  const Philox random(29);
  std::vector<std::int64_t> offsets(1, 0);
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  constexpr std::int32_t kRows = 250;
  for (std::uint64_t r = 0; r < kRows; ++r) {
    for (std::int32_t j = 0; j + 1 < columns; ++j) {
      const auto column = static_cast<std::uint64_t>(j);
      const std::uint64_t cell = r * static_cast<std::uint64_t>(columns) + column;
      const bool likes = random.uniform(r * 64 + column / 7) < .5;
      if (random.uniform(cell + (1U << 20)) > (likes ? .6 : .1)) continue;
      indices.push_back(j);
      const double drawn = random.uniform(cell + (1U << 28));
      values.push_back(kind == Kind::kOnes      ? 1.0F
                       : kind == Kind::kRatings ? static_cast<float>(1 + std::floor(5 * drawn))
                                                : static_cast<float>(drawn - .5));
    }
    offsets.push_back(std::ssize(indices));
  }
  const auto x = Compressed::make(kRows, columns, offsets, indices, values).value();
  std::vector<std::int32_t> order(static_cast<std::size_t>(columns));
  for (std::int32_t j = 0; j < columns; ++j) order[static_cast<std::size_t>(j)] = j;
  SymmetricMatrix gram = gram_matrix(x.view(), order, default_pool()).value();
  mirror(gram, default_pool());
  return gram;
}

TEST(CudaElasticNet, FindsTheWeightsOfTheCpu) {
  FakeDriver fake;
  const auto device = open_fake(fake);
  auto& solver = dynamic_cast<SolvesElasticNets&>(*device);
  for (const std::int32_t columns : {1, 2, 60, 300}) {
    for (const Kind kind : {Kind::kOnes, Kind::kRatings, Kind::kSigned}) {
      const SymmetricMatrix gram = gram_of(columns, kind);
      // The second has more weights than are worked on at first, the last ends in mid-descent.
      for (const ElasticNet& problem :
           {ElasticNet{.l1 = 5, .l2 = 20}, ElasticNet{.l1 = 0, .l2 = .5F, .tolerance = 1e-5F},
            ElasticNet{.l1 = 1, .l2 = 5, .candidates = 9}, ElasticNet{.iterations = 2}}) {
        SCOPED_TRACE(::testing::Message() << columns << " columns, kind " << int(kind) << ", l1 "
                                          << problem.l1 << ", " << problem.candidates);
        StageTimes times;
        const auto found = solver.elastic_net(gram, problem, default_pool(), times);
        const auto expected = elastic_net(gram, problem, default_pool());
        ASSERT_TRUE(found.ok() && expected.ok());
        std::size_t most = 0;
        for (std::int32_t j = 0; j < columns; ++j) {
          std::vector<float> ours(static_cast<std::size_t>(columns), 0), theirs = ours;
          for (const auto& [column, weight] : (*found)[j]) ours[column] = weight;
          for (const auto& [column, weight] : (*expected)[j]) theirs[column] = weight;
          EXPECT_TRUE(std::is_sorted(
              (*found)[j].begin(), (*found)[j].end(),
              [](const ColumnWeight& a, const ColumnWeight& b) { return a.column < b.column; }));
          most = std::max(most, (*expected)[j].size());
          for (std::int32_t k = 0; k < columns; ++k)
            EXPECT_NEAR(ours[k], theirs[k], 1e-3) << j << ' ' << k;
        }
        if (columns == 300 && kind == Kind::kSigned && problem.l1 == 0) {
          EXPECT_GT(most, 64U);
        }
        if (problem.candidates > 0) {
          EXPECT_LE(most, 9U);
        }
      }
      fake.backwards = !fake.backwards;
    }
  }
}

TEST(CudaElasticNet, SumsOutOfRangeAreRefused) {
  FakeDriver fake;
  const auto device = open_fake(fake);
  SymmetricMatrix gram = gram_of(5, Kind::kOnes);
  gram.at(2, 2) = 1e31F;
  StageTimes times;
  const auto refused =
      dynamic_cast<SolvesElasticNets&>(*device).elastic_net(gram, {}, default_pool(), times);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kBadData);
}

TEST(CudaElasticNet, EveryFailureIsTold) {
  const SymmetricMatrix gram = gram_of(12, Kind::kOnes);
  bascule::test::expect_every_failure_told(
      [&](Device& device) -> Status {
        StageTimes times;
        BASCULE_TRY(
            dynamic_cast<SolvesElasticNets&>(device).elastic_net(gram, {}, default_pool(), times));
        return {};
      },
      40);
}

}  // namespace
}  // namespace bascule::cuda
