// Conjugate gradients against a direct solution in double precision.
#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include <bascule/base/random.h>
#include <bascule/devices/least_squares.h>

namespace bascule {
namespace {

constexpr std::int64_t kItems = 90;

FactorMatrix random_factors(std::int64_t factors) {
  const Philox random(8);
  FactorMatrix f = FactorMatrix::make(kItems, factors).value();
  for (std::int64_t i = 0; i < kItems; ++i)
    for (std::int64_t k = 0; k < factors; ++k)
      f.row(i)[k] =
          static_cast<float>(random.uniform(static_cast<std::uint64_t>(i * factors + k)) - .4);
  return f;
}

/// Five rows with none, one, three, four and many entries.
CsrMatrix observations() {
  std::vector<std::int64_t> offsets(1, 0);
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  for (const std::int32_t count : {0, 1, 3, 4, 39}) {
    for (std::int32_t e = 0; e < count; ++e) {
      indices.push_back(2 * e + count % 3);
      values.push_back(1 + static_cast<float>(e % 4) / 2);
    }
    offsets.push_back(std::ssize(indices));
  }
  return CsrMatrix(Compressed::make(5, kItems, offsets, indices, values).value());
}

std::vector<double> direct(FactorMatrix& f, std::int64_t factors, const LeastSquares& problem,
                           SparseLine line) {
  const auto n = static_cast<std::size_t>(factors);
  std::vector<double> a(n * n, 0), b(n, 0);
  const auto add = [&](std::int64_t i, double weight) {
    for (std::size_t r = 0; r < n; ++r)
      for (std::size_t c = 0; c < n; ++c)
        a[r * n + c] += weight * double(f.row(i)[r]) * double(f.row(i)[c]);
  };
  for (std::int64_t i = 0; i < kItems; ++i) add(i, double(problem.unobserved));
  for (std::size_t e = 0; e < line.size(); ++e) {
    add(line.indices[e], double(line.values[e]));
    for (std::size_t r = 0; r < n; ++r)
      b[r] += double(line.values[e]) * double(f.row(line.indices[e])[r]);
  }
  const double known = static_cast<double>(line.size()) + double(problem.unobserved) * kItems;
  for (std::size_t r = 0; r < n; ++r)
    a[r * n + r] += double(problem.l2) * std::pow(known, double(problem.exponent));
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t r = k + 1; r < n; ++r) {
      const double factor = a[r * n + k] / a[k * n + k];
      for (std::size_t c = k; c < n; ++c) a[r * n + c] -= factor * a[k * n + c];
      b[r] -= factor * b[k];
    }
  }
  for (std::size_t k = n; k-- > 0;) {
    for (std::size_t c = k + 1; c < n; ++c) b[k] -= a[k * n + c] * b[c];
    b[k] /= a[k * n + k];
  }
  return b;
}

TEST(LeastSquares, ConjugateGradientsReachTheSolution) {
  const CsrMatrix x = observations();
  for (const std::int64_t factors : {1, 7, 16, 33}) {
    SCOPED_TRACE(factors);
    FactorMatrix f = random_factors(factors);
    for (const LeastSquares& problem :
         {LeastSquares{.1F, .02F, 1}, LeastSquares{0, .5F, 0}, LeastSquares{2, .1F, .5F}}) {
      for (const int threads : {1, 3}) {
        ThreadPool pool(threads);
        FactorMatrix w = FactorMatrix::make(x.rows(), factors).value();
        solve_rows(x.view(), f.view(), problem, 80, w, pool);
        for (std::int64_t row = 0; row < x.rows(); ++row) {
          const std::vector<double> expected = direct(f, factors, problem, x.line(row));
          for (std::int64_t k = 0; k < w.view().stride; ++k)
            EXPECT_NEAR(w.row(row)[k], k < factors ? expected[static_cast<std::size_t>(k)] : 0,
                        2e-4)
                << "row " << row << ", factor " << k;
        }
      }
    }
  }
}

TEST(LeastSquares, MoreStepsComeNearer) {
  const CsrMatrix x = observations();
  FactorMatrix f = random_factors(24);
  const LeastSquares problem{.1F, .02F, 1};
  const std::vector<double> expected = direct(f, 24, problem, x.line(4));
  double before = 1e9;
  for (const int steps : {1, 3, 8, 24}) {
    FactorMatrix w = FactorMatrix::make(x.rows(), 24).value();
    solve_rows(x.view(), f.view(), problem, steps, w, default_pool());
    double distance = 0;
    for (std::size_t k = 0; k < expected.size(); ++k)
      distance += std::abs(expected[k] - double(w.row(4)[k]));
    EXPECT_LT(distance, before) << steps;
    before = distance;
  }
}

TEST(LeastSquares, GramOfManyRowsIsTheSumOfItsPieces) {
  constexpr std::int64_t kMany = 5000, kFactors = 9;
  FactorMatrix f = FactorMatrix::make(kMany, kFactors).value();
  for (std::int64_t i = 0; i < kMany; ++i)
    for (std::int64_t k = 0; k < kFactors; ++k)
      f.row(i)[k] = static_cast<float>((i * 7 + k * 3) % 11) - 5;
  ThreadPool one(1), three(3);
  const std::vector<float> gram = factor_gram(f.view(), one);
  EXPECT_EQ(gram, factor_gram(f.view(), three));
  for (std::int64_t a = 0; a < kFactors; ++a) {
    for (std::int64_t b = 0; b < kFactors; ++b) {
      double sum = 0;
      for (std::int64_t i = 0; i < kMany; ++i) sum += double(f.row(i)[a]) * double(f.row(i)[b]);
      EXPECT_EQ(gram[static_cast<std::size_t>(a * f.view().stride + b)], static_cast<float>(sum));
    }
  }
}

TEST(LeastSquares, LongRowsAreSolvedTogetherAsEachAlone) {
  // More than a megabyte of factors is picked by some of the rows, in several blocks.
  constexpr std::int64_t kFactors = 100, kMany = 6000;
  constexpr int kSteps = 3;
  const Philox random(12);
  FactorMatrix f = FactorMatrix::make(kMany, kFactors).value();
  for (std::int64_t i = 0; i < kMany; ++i)
    for (std::int64_t k = 0; k < kFactors; ++k)
      f.row(i)[k] =
          static_cast<float>(random.uniform(static_cast<std::uint64_t>(i * kFactors + k)) - .4);
  std::vector<std::int64_t> offsets(1, 0);
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  constexpr std::int64_t kLines = 60;
  for (std::int64_t row = 0; row < kLines; ++row) {
    const double share = row % 3 == 0 ? .9 - .001 * static_cast<double>(row) : .01;
    for (std::int32_t i = 0; i < kMany; ++i) {
      const auto cell = static_cast<std::uint64_t>(row * kMany + i) + (std::uint64_t{1} << 30);
      // One row has nothing in the first block.
      if (random.uniform(cell) > share || (row == 3 && i < 2500)) continue;
      indices.push_back(i);
      values.push_back(1 + static_cast<float>(i % 4) / 2);
    }
    offsets.push_back(std::ssize(indices));
  }
  const CsrMatrix x(Compressed::make(kLines, kMany, offsets, indices, values).value());
  const LeastSquares problem{.1F, .02F, 1};
  ThreadPool one(1), three(3);
  FactorMatrix alone = FactorMatrix::make(kLines, kFactors).value();
  FactorMatrix together = FactorMatrix::make(kLines, kFactors).value();
  FactorMatrix again = FactorMatrix::make(kLines, kFactors).value();
  const std::vector<float> gram = factor_gram(f.view(), one);
  RowSolver solver(f.view(), gram, problem);
  for (int iteration = 0; iteration < 2; ++iteration) {  // from zeros, and from what is there
    for (std::int64_t row = 0; row < kLines; ++row)
      solver.solve(x.line(row), kSteps, alone.row(row));
    solve_rows(x.view(), f.view(), problem, kSteps, together, one);
    solve_rows(x.view(), f.view(), problem, kSteps, again, three);
    EXPECT_TRUE(
        std::equal(together.values().begin(), together.values().end(), again.values().begin()));
    for (std::int64_t row = 0; row < kLines; ++row) {
      for (std::int64_t k = 0; k < kFactors; ++k)
        ASSERT_NEAR(together.row(row)[k], alone.row(row)[k], 2e-5) << row << ", " << k;
    }
  }
}

}  // namespace
}  // namespace bascule
