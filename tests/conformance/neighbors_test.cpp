// Neighbour search of the cpu device against the judge: cases (shape, fill, values) × options.
#include "devices/reference/neighbors.h"

#include <cmath>
#include <string>
#include <vector>

#include "conformance/neighbor_cases.h"
#include "devices/cpu/neighbors_kernels.h"

namespace bascule {
namespace {

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
