#pragma once
// The prepared matrix and the working memory behind include/bascule/devices/neighbors.h.
//
// Points are renumbered by ascending popularity ("rank"), so that the accumulators hit by most
// additions lie together, and all lists are ascending in rank. A point's row keeps, beside each
// feature, its own position in that feature's list: the points after it are the pairs still to do.
#include <cfloat>
#include <cstdint>
#include <vector>

#include <bascule/devices/neighbors.h>

#include "base/uninitialized.h"

namespace bascule::detail {

/// Accumulators are scanned in blocks of this many; per-point arrays are padded to a multiple.
inline constexpr std::int32_t kBlock = 16;
/// Marks of touched blocks are read so many at a time.
inline constexpr std::int32_t kMarks = 64;

/// Blocks are scanned so many at a time.
inline constexpr std::int32_t kBatch = 64;
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
  std::int32_t blocks = 0;  ///< of kBlock points
  ScoreForm form = ScoreForm::kScale;
  bool binary = false;       ///< all values are 1 and are not stored
  bool nonnegative = false;  ///< no value is below 0

  std::vector<std::int32_t> id_of, rank_of;  ///< rank → point and back
  std::vector<std::int64_t> row_begin;       ///< by rank
  UninitializedVector<std::int32_t> row_feature;
  UninitializedVector<std::int32_t> row_position;  ///< of the point in the feature's list
  UninitializedVector<float> row_value;
  std::vector<std::int64_t> list_begin;  ///< by feature
  UninitializedVector<std::int32_t> list_rank;
  UninitializedVector<float> list_value;
  std::vector<float> left, right;  ///< by rank, padded
  /// By rank, padded; infinite for points without a norm, which enter no list. weight is what
  /// bounds a dot product from below (the norm, or `right`), back_weight its mirror image.
  std::vector<float> weight, back_weight;
  std::vector<float> low_weight;    ///< least weight of each block
  std::vector<float> feature_mean;  ///< Pearson only

  /// Heavy features: the few that so many points share that going through their lists would be most
  /// of the work. Their values stand at the end of each row and, written out, in `heavy_values`; a
  /// pair that shares nothing else is found by walk_heavy().
  std::vector<std::int32_t> heavy_of;        ///< by feature: its number among the heavy, or −1
  std::vector<std::int32_t> heavy_features;  ///< ascending
  std::vector<float> heavy_values;           ///< heavy features × padded ranks
  std::vector<std::int64_t> heavy_begin;     ///< by heavy feature, into the two below
  std::vector<std::int32_t> heavy_rank;      ///< points by falling part (see part())
  std::vector<float> heavy_part;
  std::vector<std::int64_t> row_light_end;  ///< by rank: where the heavy features of a row begin
};

/// What a feature adds to a score is the product of its two points' parts (form kScale).
inline float part(const NeighborData& data, std::int64_t slot) {
  const float value = data.binary ? 1.0F : data.list_value[slot];
  return value * data.right[data.list_rank[slot]];
}

/// The values of a heavy feature, by rank.
inline const float* heavy_column(const NeighborData& data, std::int32_t feature) {
  return data.heavy_values.data() +
         static_cast<std::size_t>(data.heavy_of[feature]) * data.right.size();
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

/// Per thread: the accumulators and a byte per block that says whether the block was touched. All
/// zero between uses.
struct NeighborWorkspace {
  explicit NeighborWorkspace(const NeighborData& data)
      : sums(static_cast<std::size_t>(data.blocks) * kBlock, 0.0F),
        blocks(static_cast<std::size_t>(data.blocks)),
        touched((static_cast<std::size_t>(data.blocks) / kMarks + 1) * kMarks, 0) {}
  std::vector<float> sums;
  std::vector<std::int32_t> blocks;  ///< those to be scanned
  std::int32_t promising[kBatch];    ///< of a batch, those with a score that may count
  struct Mirror {
    std::int32_t rank;
    float score;
  };
  Mirror mirrors[kBatch * kBlock];
  std::vector<std::uint8_t> touched;
  std::vector<std::uint64_t> heap;
};

/// What a query brings of its own line.
struct QuerySide {
  float left = 0, weight = 0;
};

/// left, right and weights of a point with `count` features and sum of squares `squares`.
struct ScoreSides {
  float left = 0, right = 0, weight = 0, back_weight = 0;
};
ScoreSides score_sides(const NeighborData& data, std::int64_t count, double squares);

/// A candidate as one integer: larger is better, first by score (positive), then by lower id.
inline std::uint64_t make_key(float score, std::int32_t id) {
  return (std::uint64_t{__builtin_bit_cast(std::uint32_t, score)} << 32) |
         static_cast<std::uint32_t>(~id);
}
inline float key_score(std::uint64_t key) {
  return __builtin_bit_cast(float, static_cast<std::uint32_t>(key >> 32));
}
inline std::int32_t key_id(std::uint64_t key) {
  return static_cast<std::int32_t>(~static_cast<std::uint32_t>(key));
}

/// Puts `key` into a heap in the place of its worst.
inline void replace_worst(std::uint64_t* heap, std::int32_t k, std::uint64_t key) {
  std::int32_t hole = 0;
  for (std::int32_t child = 1; child < k; child = 2 * hole + 1) {
    if (child + 1 < k && heap[child + 1] < heap[child]) ++child;
    if (heap[child] >= key) break;
    heap[hole] = heap[child];
    hole = child;
  }
  heap[hole] = key;
}

/// Scores below this are zero: what a list admits before it is full.
inline constexpr float kSmallest = 1e-30F;

/// The best k keys seen, as a heap with the worst first; k zero keys at the start.
struct TopKeys {
  std::uint64_t* keys;
  std::int32_t k;
  float* threshold;  ///< score of keys[0], at least kSmallest
};

}  // namespace bascule::detail
