// Neighbour search of the cpu device against the judge: cases (shape, fill, values) × options.
#include "devices/reference/neighbors.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <bascule/base/random.h>
#include <bascule/devices/neighbors.h>

#include "devices/cpu/neighbors_kernels.h"

namespace bascule {
namespace {

enum class Values { kRatings, kBinary, kReal, kSigned };

struct MatrixCase {
  std::string name;
  std::int64_t rows, cols;
  double density;
  Values values;
  double heavy_row = 0;         ///< density of the first rows instead
  bool gaps = false;            ///< every third row and column is empty
  std::int64_t heavy_rows = 1;  ///< how many
};

const std::vector<MatrixCase>& matrix_cases() {
  static const std::vector<MatrixCase> cases = {
      {"empty", 0, 0, 0, Values::kRatings},
      {"no_entries", 5, 7, 0, Values::kRatings},
      {"one_cell", 1, 1, 1, Values::kRatings},
      {"one_user", 1, 40, .5, Values::kRatings},
      {"full", 9, 17, 1, Values::kReal},
      {"block_edge", 30, 16, .2, Values::kRatings},
      {"past_block_edge", 30, 33, .2, Values::kReal},
      {"gaps", 61, 53, .15, Values::kRatings, 0, true},
      {"heavy_user", 80, 131, .03, Values::kRatings, .8},
      {"heavy_user_real", 80, 131, .03, Values::kReal, .9},
      {"ties", 40, 90, .08, Values::kBinary},
      {"heavy_binary", 70, 150, .04, Values::kBinary, .7},
      {"signed", 37, 71, .2, Values::kSigned, .5},
      {"thin", 300, 211, .01, Values::kRatings, .3},
      {"heavy_three", 200, 400, .004, Values::kRatings, .5, false, 3},
      {"heavy_dozen", 150, 300, .01, Values::kReal, .4, false, 12},  // more than are written out
      {"heavy_alone", 4, 350, 0, Values::kRatings, .6, false, 4},
      {"heavy_alone_binary", 5, 350, 0, Values::kBinary, .5, false, 5},
      {"counts", 70, 1300, .08, Values::kBinary},  // several groups of counts
      {"counts_thin", 900, 600, .004, Values::kBinary},
      {"past_counts", 330, 90, .8, Values::kBinary},  // more features than 8 bits count
      {"parts", 90, 60, .6, Values::kRatings},        // entries are moved in parts
  };
  return cases;
}

CsrMatrix make_matrix(const MatrixCase& c) {
  const Philox random(11, std::hash<std::string>()(c.name));
  std::vector<std::int64_t> offsets{0};
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  for (std::int64_t r = 0; r < c.rows; ++r) {
    const double density = r < c.heavy_rows && c.heavy_row > 0 ? c.heavy_row : c.density;
    for (std::int64_t col = 0; col < c.cols; ++col) {
      const auto at = static_cast<std::uint64_t>(r * c.cols + col) * 2;
      if (random.uniform(at) >= density) continue;
      if (c.gaps && (r % 3 == 1 || col % 3 == 2)) continue;
      indices.push_back(static_cast<std::int32_t>(col));
      switch (c.values) {
        case Values::kRatings:
          values.push_back(1.0F + float(random.below(at + 1, 10)));
          break;
        case Values::kBinary:
          values.push_back(1);
          break;
        case Values::kReal:
          values.push_back(float(.01 + random.uniform(at + 1)));
          break;
        case Values::kSigned:
          values.push_back(float(random.normal(at + 1)));
          break;
      }
    }
    offsets.push_back(static_cast<std::int64_t>(indices.size()));
  }
  return CsrMatrix(*Compressed::make(c.rows, c.cols, offsets, indices, values));
}

const std::vector<NeighborOptions>& option_cases() {
  static const std::vector<NeighborOptions> cases = {
      {},
      {Similarity::kCosine, 3.5F, .5F},
      {Similarity::kCosine, 0, .25F},
      {Similarity::kCosine, 20, 1},
      {Similarity::kJaccard, 0, .5F},
      {Similarity::kJaccard, 2, .5F},
      {Similarity::kPearson, 0, .5F},
      {Similarity::kPearson, 1, .75F},
      {Similarity::kProduct, 0, .5F},
  };
  return cases;
}

/// Single precision leaves a score that is 0 in exact arithmetic at about this size.
constexpr double kTolerance = 1e-6;

/// `found` must be the k best of `truth` by (score, lower id) but for swaps within the tolerance.
void expect_top(const std::vector<Neighbor>& found, const std::vector<double>& truth,
                std::int32_t k, std::int32_t exclude) {
  std::vector<std::int32_t> order;
  for (std::int32_t j = 0; j < std::int32_t(truth.size()); ++j)
    if (j != exclude && truth[j] > kTolerance) order.push_back(j);
  std::sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    return truth[a] > truth[b] || (truth[a] == truth[b] && a < b);
  });
  const std::size_t sure = std::min<std::size_t>(order.size(), k);
  ASSERT_GE(found.size(), sure);
  ASSERT_LE(found.size(), static_cast<std::size_t>(k));
  std::vector<bool> seen(truth.size(), false);
  for (std::size_t p = 0; p < found.size(); ++p) {
    const auto [id, score] = found[p];
    ASSERT_TRUE(id >= 0 && id < std::int32_t(truth.size()) && id != exclude);
    ASSERT_FALSE(seen[id]) << "twice " << id;
    seen[id] = true;
    EXPECT_NEAR(score, truth[id], kTolerance * std::max(1.0, std::abs(truth[id])));
    EXPECT_NEAR(score, p < sure ? truth[order[p]] : 0, kTolerance * std::max(1.0, double(score)));
    if (p > 0) {
      EXPECT_TRUE(found[p - 1].score > score ||
                  (found[p - 1].score == score && found[p - 1].id < id));
    }
  }
}

std::vector<Neighbor> list_of(const NeighborLists& lists, std::int64_t point) {
  std::vector<Neighbor> list;
  for (std::int32_t p = 0; p < lists.k; ++p) {
    const std::int64_t at = point * lists.k + p;
    if (lists.ids[at] >= 0) {
      EXPECT_EQ(static_cast<std::int32_t>(list.size()), p) << "a gap in the list";
      list.push_back({lists.ids[at], lists.scores[at]});
    } else {
      EXPECT_EQ(lists.scores[at], 0);
    }
  }
  return list;
}

class Neighbors : public testing::TestWithParam<MatrixCase> {
 protected:
  CsrMatrix matrix = make_matrix(GetParam());
};

TEST_P(Neighbors, AllListsAgreeWithTheJudge) {
  ThreadPool pool(2);
  for (const PointAxis axis : {PointAxis::kMinors, PointAxis::kMajors}) {
    for (const NeighborOptions& options : option_cases()) {
      const auto truth = reference::all_scores(matrix.view(), axis, options);
      const auto index = NeighborIndex::build(matrix.view(), axis, options);
      ASSERT_TRUE(index.ok());
      const auto n = index->points();
      for (const std::int32_t k : {1, 7, 500}) {
        const auto lists = all_neighbors(*index, k, pool);
        ASSERT_TRUE(lists.ok());
        ASSERT_EQ(lists->points, n);
        for (std::int64_t i = 0; i < n; ++i) {
          SCOPED_TRACE(testing::Message()
                       << "point " << i << " k " << k << " similarity " << int(options.similarity));
          expect_top(list_of(*lists, i), {truth.begin() + i * n, truth.begin() + (i + 1) * n}, k,
                     std::int32_t(i));
        }
      }
    }
  }
}

TEST_P(Neighbors, QueriesOfPointsEqualTheirLists) {
  ThreadPool pool(2);
  for (const NeighborOptions& options : option_cases()) {
    const auto index = NeighborIndex::build(matrix.view(), PointAxis::kMinors, options);
    NeighborScratch scratch(*index);
    const auto lists = all_neighbors(*index, 5, pool);
    for (std::int32_t i = 0; i < index->points(); ++i)
      EXPECT_EQ(query(*index, i, 5, false, scratch), list_of(*lists, i)) << i;
  }
}

TEST_P(Neighbors, QueriesOfVectorsAgreeWithTheJudge) {
  const Philox random(5, 3);
  for (const NeighborOptions& options : option_cases()) {
    const auto index = NeighborIndex::build(matrix.view(), PointAxis::kMinors, options);
    NeighborScratch scratch(*index);
    for (std::uint64_t trial = 0; trial < 8; ++trial) {
      std::vector<std::int32_t> features;
      std::vector<float> values;
      for (std::int32_t f = 0; f < index->features() + 3; ++f) {  // the last three are unknown
        if (random.uniform(trial * 1000 + std::uint64_t(f)) > .2) continue;
        features.push_back(f);
        const float value = GetParam().values == Values::kBinary ? 1.0F : 1.0F + float(f % 5);
        values.push_back(trial % 2 == 1 && f % 3 == 1 ? -value : value);
      }
      // Unknown features have no mean to subtract; the judge is given the known ones alone.
      if (options.similarity == Similarity::kPearson) {
        while (!features.empty() && features.back() >= index->features()) {
          features.pop_back();
          values.pop_back();
        }
      }
      const SparseLine line{features, values};
      const auto truth = reference::query_scores(matrix.view(), PointAxis::kMinors, options, line);
      expect_top(query(*index, line, 6, kExcludeNone, scratch), truth, 6, kExcludeNone);
      expect_top(query(*index, line, 6, 0, scratch), truth, 6, 0);
    }
  }
}

TEST_P(Neighbors, ThreadsDoNotChangeABit) {
  for (const NeighborOptions& options : option_cases()) {
    const auto index = NeighborIndex::build(matrix.view(), PointAxis::kMinors, options);
    std::vector<NeighborLists> all;
    for (const int threads : {1, 2, 3, 4}) {
      ThreadPool pool(threads);
      all.push_back(*all_neighbors(*index, 6, pool));
    }
    for (const NeighborLists& lists : all) {
      EXPECT_EQ(lists.ids, all[0].ids);
      EXPECT_EQ(lists.scores, all[0].scores);
    }
  }
}

void expect_same_bits_from_all(const NeighborIndex& index) {
  const detail::NeighborData& data = index.data();
  for (const std::int32_t k : {4, 40}) {
    std::vector<std::vector<std::uint64_t>> found;
    for (const detail::NeighborKernels* kernels : detail::all_neighbor_kernels()) {
      detail::NeighborWorkspace work(data);
      auto& keys = found.emplace_back();
      for (std::int32_t i = 0; i < data.points; ++i) {
        work.top.start(k, detail::kSmallest);
        kernels->line(data, detail::row_of(data, i), data.left[i], i, work);
        keys.insert(keys.end(), work.top.keys.begin(), work.top.keys.begin() + work.top.count);
      }
      EXPECT_EQ(keys, found[0]) << kernels->name;
    }
  }
}

TEST_P(Neighbors, InstructionSetsDoNotChangeABit) {
  for (const NeighborOptions& options : option_cases())
    expect_same_bits_from_all(*NeighborIndex::build(matrix.view(), PointAxis::kMinors, options));
}

TEST_P(Neighbors, FactorsOfProductsAgreeWithTheJudge) {
  ThreadPool pool(2);
  const NeighborOptions product{.similarity = Similarity::kProduct};
  const auto n = static_cast<std::size_t>(matrix.cols());
  const Philox random(17);
  std::vector<float> factors(n);  // neither by popularity nor all above zero
  for (std::size_t j = 0; j < n; ++j)
    factors[j] = j % 7 == 3 ? 0.0F : static_cast<float>(3 * random.uniform(j));
  const auto truth = reference::all_scores(matrix.view(), PointAxis::kMinors, product, factors);
  const auto index =
      NeighborIndex::build(matrix.view(), PointAxis::kMinors, product, pool, factors);
  ASSERT_TRUE(index.ok());
  for (const std::int32_t k : {1, 7, 500}) {
    const auto lists = all_neighbors(*index, k, pool);
    for (std::size_t i = 0; i < n; ++i) {
      SCOPED_TRACE(testing::Message() << "point " << i << " k " << k);
      const auto row = truth.begin() + static_cast<std::ptrdiff_t>(i * n);
      expect_top(list_of(*lists, std::int64_t(i)), {row, row + std::ptrdiff_t(n)}, k,
                 std::int32_t(i));
    }
  }
  expect_same_bits_from_all(*index);
}

TEST_P(Neighbors, DenseQueriesAgreeWithTheJudge) {
  ThreadPool pool(2);
  const auto truth = reference::all_scores(matrix.view(), PointAxis::kMinors, {});
  const auto dense = dense_matrix(matrix.view(), PointAxis::kMinors, pool);
  ASSERT_TRUE(dense.ok());
  const std::int64_t n = dense->points;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto row = dense->values.span().subspan(std::size_t(i * dense->features),
                                                  std::size_t(dense->features));
    const std::vector<double> scores(truth.begin() + i * n, truth.begin() + (i + 1) * n);
    expect_top(dense_query(*dense, row, 4, std::int32_t(i), pool), scores, 4, std::int32_t(i));
    expect_top(dense_query(*dense, row, 4, kExcludeNone, pool), scores, 4, kExcludeNone);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, Neighbors, testing::ValuesIn(matrix_cases()),
                         [](const auto& param) { return param.param.name; });

TEST(NeighborQuery, IncludesThePointItselfOnRequest) {
  const CsrMatrix matrix = make_matrix({"self", 20, 30, .3, Values::kRatings});
  const auto index = NeighborIndex::build(matrix.view(), PointAxis::kMinors);
  NeighborScratch scratch(*index);
  const auto found = query(*index, 4, 3, true, scratch);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].id, 4);
  EXPECT_NEAR(found[0].score, 1, 1e-6);
  EXPECT_EQ(query(*index, 4, 2, false, scratch),
            std::vector<Neighbor>(found.begin() + 1, found.end()));
  EXPECT_TRUE(query(*index, 30, 3, false, scratch).empty());
  EXPECT_TRUE(query(*index, -1, 3, false, scratch).empty());
}

TEST(NeighborQuery, EqualScoresGoToTheLowerId) {
  // Items 0, 2, 3 are rated alike by the one user; item 1 by nobody.
  const CsrMatrix matrix(*Compressed::make(1, 4, {0, 3}, {0, 2, 3}, {5, 5, 5}));
  const auto index = NeighborIndex::build(matrix.view(), PointAxis::kMinors);
  const auto lists = all_neighbors(*index, 1);
  EXPECT_EQ(lists->ids, (std::vector<std::int32_t>{2, -1, 0, 0}));
}

TEST(NeighborIndex, RefusesWhatItCannotCompute) {
  const auto code = [](float value, const NeighborOptions& options) {
    const CsrMatrix matrix(*Compressed::make(1, 1, {0, 1}, {0}, {value}));
    const auto index = NeighborIndex::build(matrix.view(), PointAxis::kMinors, options);
    return index.ok() ? 0 : static_cast<int>(index.error().code);
  };
  const int usage = static_cast<int>(Code::kUsage), bad = static_cast<int>(Code::kBadData);
  EXPECT_EQ(code(1, {}), 0);
  EXPECT_EQ(code(1, {Similarity::kCosine, -1, .5F}), usage);
  EXPECT_EQ(code(1, {Similarity::kCosine, NAN, .5F}), usage);
  EXPECT_EQ(code(1, {Similarity::kCosine, 0, 1.5F}), usage);
  EXPECT_EQ(code(1e20F, {}), bad);
  EXPECT_EQ(code(1e-20F, {}), bad);
  const auto with_factors = [](Similarity similarity, std::vector<float> factors) {
    const CsrMatrix matrix(*Compressed::make(1, 2, {0, 1}, {0}, {1}));
    const auto index = NeighborIndex::build(matrix.view(), PointAxis::kMinors,
                                            {.similarity = similarity}, default_pool(), factors);
    return index.ok() ? 0 : static_cast<int>(index.error().code);
  };
  EXPECT_EQ(with_factors(Similarity::kProduct, {1, 0}), 0);
  EXPECT_EQ(with_factors(Similarity::kCosine, {1, 1}), usage);
  EXPECT_EQ(with_factors(Similarity::kProduct, {1}), usage);
  EXPECT_EQ(with_factors(Similarity::kProduct, {1, -1}), usage);
  EXPECT_EQ(with_factors(Similarity::kProduct, {1, NAN}), usage);
  const auto index = NeighborIndex::build(CsrMatrix().view(), PointAxis::kMinors);
  EXPECT_EQ(all_neighbors(*index, 0).error().code, Code::kUsage);
}

TEST(DenseMatrix, NamesTheMemoryItWouldTake) {
  const std::int64_t n = 2'000'000;
  const CsrMatrix matrix(*Compressed::make(
      n, n, std::vector<std::int64_t>(static_cast<std::size_t>(n) + 1, 0), {}, {}));
  const auto dense = dense_matrix(matrix.view(), PointAxis::kMinors);
  ASSERT_FALSE(dense.ok());
  EXPECT_EQ(dense.error().code, Code::kFailed);
  EXPECT_NE(dense.error().message.find("16000.0 GB"), std::string::npos) << dense.error().message;
  EXPECT_EQ(dense_matrix_bytes(25159, 50180), 5'049'914'480);
}

}  // namespace
}  // namespace bascule
