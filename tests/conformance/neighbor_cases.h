#pragma once
// Matrices and options for which neighbour searches are held against the judge.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <bascule/base/random.h>
#include <bascule/devices/neighbors.h>

namespace bascule {

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

inline const std::vector<MatrixCase>& matrix_cases() {
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

inline CsrMatrix make_matrix(const MatrixCase& c) {
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

inline const std::vector<NeighborOptions>& option_cases() {
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
inline constexpr double kTolerance = 1e-6;

/// `found` must be the k best of `truth` by (score, lower id) but for swaps within the tolerance.
inline void expect_top(const std::vector<Neighbor>& found, const std::vector<double>& truth,
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

inline std::vector<Neighbor> list_of(const NeighborLists& lists, std::int64_t point) {
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

}  // namespace bascule
