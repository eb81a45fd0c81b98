// Neighbour search of the cuda device over the emulated driver against the judge.
#include "conformance/neighbor_cases.h"
#include "cuda/fake_driver.h"
#include "devices/cuda/device.h"
#include "devices/reference/neighbors.h"

namespace bascule {
namespace {

class CudaNeighbors : public ::testing::TestWithParam<MatrixCase> {
 protected:
  std::unique_ptr<NeighborSearch> place(const NeighborIndex& index) {
    auto search = device->place(index);
    EXPECT_TRUE(search.ok()) << search.error().message;
    return std::move(search).value();
  }

  test::FakeDriver fake;
  std::unique_ptr<Device> device = *cuda::open_device(fake.driver(), fake.images(), 0);
  CsrMatrix matrix = make_matrix(GetParam());
};

TEST_P(CudaNeighbors, EmulatedListsAgreeWithTheJudge) {
  for (const PointAxis axis : {PointAxis::kMinors, PointAxis::kMajors}) {
    for (const NeighborOptions& options : option_cases()) {
      const auto truth = reference::all_scores(matrix.view(), axis, options);
      const auto index = NeighborIndex::build(matrix.view(), axis, options);
      const auto search = place(*index);
      const std::int64_t n = index->points();
      for (const std::int32_t k : {1, 7, 500}) {
        fake.backwards = false;
        const auto lists = search->all(k);
        ASSERT_TRUE(lists.ok()) << lists.error().message;
        ASSERT_EQ(lists->points, n);
        for (std::int64_t i = 0; i < n; ++i) {
          SCOPED_TRACE(::testing::Message()
                       << "point " << i << " k " << k << " similarity " << int(options.similarity));
          expect_top(list_of(*lists, i), {truth.begin() + i * n, truth.begin() + (i + 1) * n}, k,
                     std::int32_t(i));
        }
        if (k != 7) continue;
        fake.backwards = true;
        const auto backwards = search->all(k);
        EXPECT_EQ(backwards->ids, lists->ids);
        EXPECT_EQ(backwards->scores, lists->scores);
      }
    }
  }
}

TEST_P(CudaNeighbors, EmulatedQueriesOfPointsEqualTheirLists) {
  for (const NeighborOptions& options : option_cases()) {
    const auto index = NeighborIndex::build(matrix.view(), PointAxis::kMinors, options);
    const auto search = place(*index);
    const auto lists = search->all(5);
    for (std::int32_t i = 0; i < index->points(); i += 7) {
      EXPECT_EQ(*search->query(i, 5, false), list_of(*lists, i)) << i;
      const auto with_self = *search->query(i, 5000, true);
      const auto without = *search->query(i, 5000, false);
      // A point without values is nobody's neighbour, its own least of all.
      EXPECT_LE(with_self.size(), without.size() + 1);
      EXPECT_GE(with_self.size(), without.size());
    }
    EXPECT_TRUE(search->query(-1, 5, false)->empty());
    EXPECT_TRUE(search->query(static_cast<std::int32_t>(index->points()), 5, false)->empty());
  }
}

TEST_P(CudaNeighbors, EmulatedQueriesOfVectorsAgreeWithTheJudge) {
  const Philox random(5, 3);
  for (const NeighborOptions& options : option_cases()) {
    const auto index = NeighborIndex::build(matrix.view(), PointAxis::kMinors, options);
    const auto search = place(*index);
    for (std::uint64_t trial = 0; trial < 4; ++trial) {
      std::vector<std::int32_t> features;
      std::vector<float> values;
      for (std::int32_t f = 0; f < index->features(); ++f) {
        if (random.uniform(trial * 1000 + std::uint64_t(f)) > .2) continue;
        features.push_back(f);
        values.push_back(trial % 2 == 1 && f % 3 == 1 ? -1.0F : 1.0F + float(f % 5));
      }
      const SparseLine line{features, values};
      const auto truth = reference::query_scores(matrix.view(), PointAxis::kMinors, options, line);
      for (const std::int32_t exclude : {kExcludeNone, 0})
        expect_top(*search->query(line, 6, exclude), truth, 6, exclude);
    }
  }
}

TEST_P(CudaNeighbors, EmulatedDenseQueriesAgreeWithTheJudge) {
  const auto truth = reference::all_scores(matrix.view(), PointAxis::kMinors, {});
  const auto dense = dense_matrix(matrix.view(), PointAxis::kMinors);
  const std::int64_t n = dense->points;
  const auto search = device->place(*dense);
  ASSERT_TRUE(search.ok()) << search.error().message;
  std::vector<std::int32_t> self;
  for (std::int32_t i = 0; i < n; ++i) self.push_back(i % 3 == 2 ? kExcludeNone : i);
  const auto found = (*search)->query(dense->values.span(), 4, self);
  ASSERT_TRUE(found.ok()) << found.error().message;
  ASSERT_EQ(std::ssize(*found), n);
  for (std::int64_t i = 0; i < n; ++i)
    expect_top((*found)[i], {truth.begin() + i * n, truth.begin() + (i + 1) * n}, 4, self[i]);
}

INSTANTIATE_TEST_SUITE_P(Cases, CudaNeighbors, ::testing::ValuesIn(matrix_cases()),
                         [](const auto& param) { return param.param.name; });

/// More tiles than one block has, and more than one merge takes.
TEST(CudaNeighborsWide, EmulatedQueriesAgreeWithTheJudge) {
  test::FakeDriver fake;
  const auto device = *cuda::open_device(fake.driver(), fake.images(), 0);
  for (const std::int64_t points : {2048, 2049, 5000, 70000}) {
    const CsrMatrix matrix = make_matrix({"wide", 6, points, .3, Values::kRatings});
    const auto index = NeighborIndex::build(matrix.view(), PointAxis::kMinors, {});
    const auto search = *device->place(*index);
    const std::vector<std::int32_t> features = {0, 3, 5};
    const std::vector<float> values = {1, 5, 2};
    const SparseLine line{features, values};
    const auto truth = reference::query_scores(matrix.view(), PointAxis::kMinors, {}, line);
    for (const std::int32_t k : {1, 10, 3000, 100000}) {
      SCOPED_TRACE(::testing::Message() << points << " points, k " << k);
      const auto found = search->query(line, k, 7);
      ASSERT_TRUE(found.ok()) << found.error().message;
      expect_top(*found, truth, k, 7);
      fake.backwards = true;
      EXPECT_EQ(*search->query(line, k, 7), *found);
      fake.backwards = false;
    }
  }
}

}  // namespace
}  // namespace bascule
