#pragma once
// The prepared matrix and the working memory behind include/bascule/devices/neighbors.h.
//
// Points are renumbered by ascending popularity ("rank"), so that the accumulators hit by most
// additions lie together, and all lists are ascending in rank. A point's row keeps, beside each
// feature, its own position in that feature's list: the points after it are the pairs still to do.
#include <algorithm>
#include <cstdint>
#include <vector>

#include <bascule/devices/neighbors.h>

#include "base/uninitialized.h"
#include "devices/cpu/neighbors_top.h"

namespace bascule::detail {

inline constexpr std::int32_t kCacheLine = 64;
/// Float sums are scanned in blocks of this many, a cache line.
inline constexpr std::int32_t kBlock = 16;
/// Blocks are scanned so many at a time.
inline constexpr std::int32_t kBatch = 64;
/// 8-bit counts are scanned in strips of this many, a cache line, and these in groups; points of
/// some groups on end are so alike that one score stands for all.
inline constexpr std::int32_t kStrip = 64, kGroup = 4, kGroupsPerScore = 4;
/// More features than this are not counted in 8 bits.
inline constexpr std::size_t kMostCounted = 255;
/// Candidates are offered when there are so many.
inline constexpr std::int32_t kSegment = 64;
/// At most so many features are treated as heavy.
inline constexpr std::int32_t kMostHeavy = 8;

/// How a dot product becomes a score; `left` belongs to the point whose list it is.
enum class ScoreForm : std::uint8_t {
  kScale,   ///< dot · (left_i · right_j)
  kDivide,  ///< dot / (left_i · right_j + shrinkage)
  kUnion    ///< dot / (left_i + right_j − dot + shrinkage)
};

struct NeighborData {
  NeighborOptions options;
  std::int32_t points = 0, features = 0;
  std::int32_t blocks = 0;  ///< of kBlock points, padded to whole strips
  std::int32_t groups = 0;  ///< of kGroup strips
  ScoreForm form = ScoreForm::kScale;
  bool binary = false;       ///< all values are 1 and are not stored
  bool nonnegative = false;  ///< no value is below 0

  std::vector<std::int32_t> id_of, rank_of;  ///< rank → point and back
  std::vector<std::int64_t> row_begin;       ///< by rank
  UninitializedVector<std::int32_t> row_feature;
  UninitializedVector<float> row_value;
  std::vector<std::int64_t> list_begin;  ///< by feature
  UninitializedVector<std::int32_t> list_rank;
  UninitializedVector<float> list_value;
  std::vector<float> left, right;  ///< by rank, padded
  /// By rank, padded; infinite for points without a norm, which enter no list. weight is what
  /// bounds a dot product from below (the norm, or `right`).
  std::vector<float> weight;
  std::vector<float> low_weight;           ///< least weight of each block
  std::vector<float> low_weight_of_group;  ///< binary data only
  std::vector<float> feature_mean;         ///< Pearson only

  /// Heavy features: the few that so many points share that going through their lists would be most
  /// of the work. Their values are written out in `heavy_values`; a pair that shares nothing else
  /// is found by walk_heavy().
  std::vector<std::int32_t> heavy_of;        ///< by feature: its number among the heavy, or −1
  std::vector<std::int32_t> heavy_features;  ///< ascending
  std::vector<float> heavy_values;           ///< heavy features × padded ranks
  std::vector<std::int64_t> heavy_begin;     ///< by heavy feature, into the two below
  std::vector<std::int32_t> heavy_rank;      ///< points by falling part (see part())
  std::vector<float> heavy_part;
};

/// What a feature adds to a score is the product of its two points' parts (form kScale).
inline float part(const NeighborData& data, std::int64_t slot) {
  const float value = data.binary ? 1.0F : data.list_value[slot];
  return value * data.right[data.list_rank[slot]];
}

/// A point's features and values; values are empty when they are all 1.
inline SparseLine row_of(const NeighborData& data, std::int32_t rank) {
  const std::int64_t begin = data.row_begin[rank];
  const auto count = static_cast<std::size_t>(data.row_begin[rank + 1] - begin);
  SparseLine row;
  row.indices = {data.row_feature.data() + begin, count};
  if (!data.binary) row.values = {data.row_value.data() + begin, count};
  return row;
}

/// A cache line of sums.
template <class Sum>
struct alignas(kCacheLine) SumLine {
  Sum lanes[kCacheLine / sizeof(Sum)];
};

/// A feature's list, and the value of it in the line that is searched for.
struct ListPart {
  std::int64_t begin, end;
  float value;
};

/// The values of a line in heavy features.
struct HeavyLine {
  std::int32_t count = 0;
  std::int32_t numbers[kMostHeavy];  ///< among the heavy features
  const float* columns[kMostHeavy];  ///< the features' values by rank
  float values[kMostHeavy];

  void push(const NeighborData& data, std::int32_t number, float value) {
    numbers[count] = number;
    columns[count] =
        data.heavy_values.data() + static_cast<std::size_t>(number) * data.right.size();
    values[count++] = value;
  }
  /// Parts of scores that are negative break the bound that walk_heavy() rests on.
  [[nodiscard]] bool negative() const {
    return std::any_of(values, values + count, [](float value) { return value < 0; });
  }
};

struct Candidate {
  std::int32_t rank;
  float dot;
};

/// Per thread: the accumulators, all zero between uses, and buffers.
struct NeighborWorkspace {
  explicit NeighborWorkspace(const NeighborData& data)
      : sums(static_cast<std::size_t>(data.blocks)),
        counts(data.binary ? static_cast<std::size_t>(data.groups) * kGroup : 0),
        most(counts.size() / kGroup),
        needs(most.size()),
        promising(most.size()),
        lists(static_cast<std::size_t>(data.features)) {}
  std::vector<SumLine<float>> sums;
  std::vector<SumLine<std::uint8_t>> counts, most;  ///< most of each group, lane by lane
  std::vector<std::uint8_t> needs;                  ///< by group
  std::vector<std::int32_t> promising;              ///< groups
  UninitializedVector<ListPart> lists;              ///< the line's light features
  std::int32_t list_count = 0;
  HeavyLine heavy;
  Candidate candidates[2 * kSegment];
  TopKeys top;
};

/// left, right and weights of a point with `count` features and sum of squares `squares`.
struct ScoreSides {
  float left = 0, right = 0, weight = 0;
};
ScoreSides score_sides(const NeighborData& data, std::int64_t count, double squares);

}  // namespace bascule::detail
