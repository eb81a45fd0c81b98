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

namespace bascule::detail {

/// Accumulators are scanned in blocks of this many; per-point arrays are padded to a multiple.
inline constexpr std::int32_t kBlock = 16;

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
  std::vector<std::int32_t> row_feature;
  std::vector<std::int32_t> row_position;  ///< of the point in the feature's list
  std::vector<float> row_value;
  std::vector<std::int64_t> list_begin;  ///< by feature
  std::vector<std::int32_t> list_rank;
  std::vector<float> list_value;
  std::vector<float> left, right;  ///< by rank, padded
  /// By rank, padded; infinite for points without a norm, which enter no list. weight is what
  /// bounds a dot product from below (the norm, or `right`), back_weight its mirror image.
  std::vector<float> weight, back_weight;
  std::vector<float> low_weight;    ///< least weight of each block
  std::vector<float> feature_mean;  ///< Pearson only
};

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
        blocks(static_cast<std::size_t>(data.blocks) + 8),
        touched((static_cast<std::size_t>(data.blocks) + 7) / 8 * 8, 0) {}
  std::vector<float> sums;
  std::vector<std::int32_t> blocks;  ///< those to be scanned
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

/// Scores below this are zero: what a list admits before it is full.
inline constexpr float kSmallest = 1e-30F;

/// The best k keys seen, as a heap with the worst first; k zero keys at the start.
struct TopKeys {
  std::uint64_t* keys;
  std::int32_t k;
  float* threshold;  ///< score of keys[0], at least kSmallest
};

}  // namespace bascule::detail
