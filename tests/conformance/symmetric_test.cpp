// The Gram matrix and the inverse against loops in double precision.
#include "devices/cpu/symmetric.h"

#include <cmath>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include <bascule/base/random.h>

#include "conformance/cpu_instruction_sets.h"
#include "devices/cpu/gram_counts.h"

namespace bascule {
namespace {

CsrMatrix sparse(std::int64_t rows, std::int64_t columns, bool ones) {
  const Philox random(3);
  std::vector<std::int64_t> offsets(1, 0);
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j) {
      const auto cell = static_cast<std::uint64_t>(i * columns + j);
      // Some columns are frequent, the last one is empty.
      if (j + 1 == columns || random.uniform(cell) * static_cast<double>(j + 2) > .8) continue;
      indices.push_back(static_cast<std::int32_t>(j));
      values.push_back(ones ? 1.0F : static_cast<float>(random.uniform(cell + (1U << 30)) - .3));
    }
    offsets.push_back(std::ssize(indices));
  }
  return CsrMatrix(Compressed::make(rows, columns, offsets, indices, values).value());
}

std::vector<std::int32_t> backwards(std::int64_t count) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(count));
  std::iota(order.rbegin(), order.rend(), 0);
  return order;
}

TEST(Gram, EqualsTheSumOverRows) {
  constexpr std::int64_t kRows = 300, kColumns = 53;
  const std::vector<std::int32_t> order = backwards(kColumns);
  for (const bool ones : {true, false}) {
    const CsrMatrix x = sparse(kRows, kColumns, ones);
    std::vector<double> expected(kColumns * kColumns, 0);
    for (std::int64_t r = 0; r < kRows; ++r) {
      const SparseLine line = x.line(r);
      for (std::size_t p = 0; p < line.size(); ++p)
        for (std::size_t q = 0; q < line.size(); ++q)
          expected[static_cast<std::size_t>(line.indices[p] * kColumns + line.indices[q])] +=
              double(line.values[p]) * double(line.values[q]);
    }
    for (const int threads : {1, 3}) {
      ThreadPool pool(threads);
      SymmetricMatrix gram = gram_matrix(x.view(), order, pool).value();
      ASSERT_EQ(gram.order(), kColumns);
      for (std::int64_t i = 0; i < kColumns; ++i) {
        for (std::int64_t j = 0; j < gram.stride(); ++j) {
          const double wanted = j > i ? 0
                                      : expected[static_cast<std::size_t>(
                                            order[static_cast<std::size_t>(i)] * kColumns +
                                            order[static_cast<std::size_t>(j)])];
          ASSERT_NEAR(gram.at(i, j), wanted, ones ? 0 : 1e-4) << i << ", " << j;
        }
      }
    }
  }
}

TEST(Gram, OfOnesIsExactWithEveryWayOfCounting) {
  // Rows of very different lengths in several blocks, and kernels that would have all, some or no
  // columns in bits.
  constexpr std::int64_t kRows = 1700, kColumns = 203;
  const Philox random(6);
  std::vector<std::int64_t> offsets(1, 0);
  std::vector<std::int32_t> indices;
  for (std::int64_t i = 0; i < kRows; ++i) {
    for (std::int64_t j = 0; j < kColumns; ++j) {
      const auto cell = static_cast<std::uint64_t>(i * kColumns + j);
      const double chance = 40.0 / static_cast<double>((i % 97 + 1) * (j % 31 + 3));
      if (random.uniform(cell) < chance) indices.push_back(static_cast<std::int32_t>(j));
    }
    offsets.push_back(std::ssize(indices));
  }
  const std::vector<float> values(indices.size(), 1);
  const CsrMatrix x(Compressed::make(kRows, kColumns, offsets, indices, values).value());
  const std::vector<std::int32_t> order = backwards(kColumns);
  std::vector<std::int64_t> expected(kColumns * kColumns, 0);
  for (std::int64_t r = 0; r < kRows; ++r)
    for (const std::int32_t p : x.line(r).indices)
      for (const std::int32_t q : x.line(r).indices)
        ++expected[static_cast<std::size_t>(p * kColumns + q)];
  ThreadPool pool(3);
  for (const detail::CoCountKernels* kernels : detail::all_co_counts()) {
    for (const double cost : {0.0, 0.2, kernels->block_cost, 1e9}) {
      SCOPED_TRACE(testing::Message() << kernels->name << " " << cost);
      detail::CoCountKernels priced = *kernels;
      priced.block_cost = priced.pair_cost = cost;
      SymmetricMatrix gram = detail::gram_of_ones(priced, x.view(), order, pool).value();
      for (std::int64_t i = 0; i < kColumns; ++i)
        for (std::int64_t j = 0; j < gram.stride(); ++j)
          ASSERT_EQ(gram.at(i, j), j > i ? 0
                                         : static_cast<float>(expected[static_cast<std::size_t>(
                                               order[static_cast<std::size_t>(i)] * kColumns +
                                               order[static_cast<std::size_t>(j)])]))
              << i << ", " << j;
    }
  }
}

TEST(Gram, OfNoRowsIsZero) {
  const CsrMatrix none(Compressed::make(0, 3, {0}, {}, {}).value());
  SymmetricMatrix gram = gram_matrix(none.view(), backwards(3), default_pool()).value();
  EXPECT_EQ(gram.at(2, 0), 0);
}

/// Positive definite: a random symmetric matrix with eigenvalues in about [.5, 1.5].
SymmetricMatrix positive(std::int64_t n) {
  const Philox random(5);
  SymmetricMatrix a = SymmetricMatrix::make(n).value();
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < i; ++j)
      a.at(i, j) = static_cast<float>((random.uniform(static_cast<std::uint64_t>(i * n + j)) - .5) *
                                      .8 / std::sqrt(static_cast<double>(n)));
    a.at(i, i) = 1;
  }
  return a;
}

/// A · B − I is small, with both symmetric; B has zeros behind its rows.
void expect_inverse(SymmetricMatrix& a, SymmetricMatrix& b) {
  const std::int64_t n = a.order();
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = i + 1; j < b.stride(); ++j) ASSERT_EQ(b.at(i, j), 0) << i << ", " << j;
  ThreadPool one(1);
  mirror(a, one);
  mirror(b, one);
  for (std::int64_t i = 0; i < n; i += std::max<std::int64_t>(1, n / 40)) {
    for (std::int64_t j = 0; j < n; j += std::max<std::int64_t>(1, n / 37)) {
      double sum = 0;
      for (std::int64_t k = 0; k < n; ++k) sum += double(a.at(i, k)) * double(b.at(k, j));
      ASSERT_NEAR(sum, i == j ? 1 : 0, 2e-6) << i << ", " << j;
    }
  }
}

TEST(Inverse, TimesTheMatrixIsTheIdentity) {
  for (const InstructionSet& set : instruction_sets()) {
    SCOPED_TRACE(set.gemm->name);
    for (const std::int64_t n :
         {1, 2, 15, 16, 17, 33, 191, 193, 383, 384, 385, 400, 577, 801, 1041}) {
      SCOPED_TRACE(n);
      SymmetricMatrix a = positive(n), b = positive(n), again = positive(n);
      ThreadPool one(1), three(3);
      ASSERT_TRUE(detail::invert(*set.gemm, b, one).ok());
      ASSERT_TRUE(detail::invert(*set.gemm, again, three).ok());
      EXPECT_TRUE(std::equal(b.values().begin(), b.values().end(), again.values().begin()));
      expect_inverse(a, b);
    }
  }
}

TEST(Inverse, OfWhatIsNotPositiveDefiniteIsRefused) {
  for (const std::int64_t wrong : {0, 3, 450}) {
    SymmetricMatrix a = positive(500);
    a.at(wrong, wrong) = -1;
    const Status status = invert(a, default_pool());
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, Code::kFailed);
  }
  SymmetricMatrix nan = positive(20);
  nan.at(7, 2) = std::nanf("");
  EXPECT_FALSE(invert(nan, default_pool()).ok());
}

TEST(Symmetric, RowsAreWholeVectorsAndNeverAWholeTurn) {
  for (const std::int64_t n : {1, 16, 17, 1000, 1024, 2040, 2048}) {
    const std::int64_t stride = SymmetricMatrix::stride_for(n);
    EXPECT_GE(stride, n);
    EXPECT_EQ(stride % 16, 0);
    EXPECT_NE(stride % 1024, 0);
  }
  EXPECT_FALSE(SymmetricMatrix::make(std::int64_t{1} << 40).ok());
}

}  // namespace
}  // namespace bascule
