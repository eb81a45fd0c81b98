#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "devices/cpu/neighbors_data.h"
#include "devices/cpu/neighbors_heavy.h"

namespace bascule {
namespace {

using detail::NeighborData;
using detail::ScoreForm;

/// Weight of a point that enters no list.
constexpr float kNever = std::numeric_limits<float>::infinity();
constexpr std::int64_t kFeaturesPerChunk = 1024;
/// Rows are filled in so many parts at most, each with at least so many entries per feature.
constexpr std::int64_t kMostParts = 8, kEntriesPerFeature = 16;
/// Sums of squares outside this range would over- or underflow in single precision.
constexpr double kMinSquares = 1e-30, kMaxSquares = 1e30;

Status check(const CompressedView& matrix, const NeighborOptions& options) {
  if (!(options.shrinkage >= 0) || !std::isfinite(options.shrinkage))
    return {Code::kUsage, fmt::format("shrinkage {} is not a number >= 0", options.shrinkage)};
  if (!(options.alpha >= 0 && options.alpha <= 1))
    return {Code::kUsage, fmt::format("alpha {} is not within [0, 1]", options.alpha)};
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max() - detail::kBlock;
  if (matrix.majors > kMost || matrix.minors > kMost)
    return {Code::kFailed, fmt::format("a matrix of {} × {} is too large for neighbours",
                                       matrix.majors, matrix.minors)};
  return {};
}

/// Points in ascending order of their number of features, stable: counting sort. Fills row_begin
/// too.
void rank_points(const CompressedView& lists, NeighborData& data) {
  const auto n = static_cast<std::size_t>(data.points);
  std::vector<std::int32_t> lengths(n, 0);
  for (std::int64_t p = 0; p < lists.nonzeros(); ++p) ++lengths[lists.indices[p]];
  const std::int32_t longest = n == 0 ? 0 : *std::max_element(lengths.begin(), lengths.end());
  std::vector<std::int32_t> next(static_cast<std::size_t>(longest) + 2, 0);
  for (const std::int32_t length : lengths) ++next[length + 1];
  for (std::size_t length = 1; length < next.size(); ++length) next[length] += next[length - 1];
  data.id_of.resize(n);
  data.rank_of.resize(n);
  for (std::int32_t i = 0; i < data.points; ++i) {
    const std::int32_t rank = next[lengths[i]]++;
    data.id_of[rank] = i;
    data.rank_of[i] = rank;
  }
  data.row_begin.assign(n + 1, 0);
  for (std::size_t rank = 0; rank < n; ++rank)
    data.row_begin[rank + 1] = data.row_begin[rank] + lengths[data.id_of[rank]];
}

void find_means(const CompressedView& lists, NeighborData& data) {
  data.feature_mean.resize(static_cast<std::size_t>(data.features));
  for (std::int32_t f = 0; f < data.features; ++f) {
    const SparseLine list = lists.line(f);
    const double sum = std::accumulate(list.values.begin(), list.values.end(), 0.0);
    data.feature_mean[f] =
        list.size() > 0 ? static_cast<float>(sum / static_cast<double>(list.size())) : 0.0F;
  }
}

/// The lists with ranks for points, ascending.
void fill_lists(const CompressedView& lists, NeighborData& data, ThreadPool& pool) {
  data.list_begin.assign(lists.offsets, lists.offsets + data.features + 1);
  data.list_rank.resize(static_cast<std::size_t>(lists.nonzeros()));
  if (!data.binary) data.list_value.resize(static_cast<std::size_t>(lists.nonzeros()));
  const Chunks chunks{data.features, kFeaturesPerChunk};
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int) {
    std::vector<std::uint64_t> keys;  // rank, then the value's bits
    for (std::int64_t f = chunks.begin(chunk); f < chunks.end(chunk); ++f) {
      const SparseLine list = lists.line(f);
      const float mean = data.feature_mean.empty() ? 0.0F : data.feature_mean[f];
      keys.clear();
      for (std::size_t p = 0; p < list.size(); ++p) {
        const auto rank = static_cast<std::uint32_t>(data.rank_of[list.indices[p]]);
        keys.push_back(std::uint64_t{rank} << 32 |
                       __builtin_bit_cast(std::uint32_t, list.values[p] - mean));
      }
      if (keys.size() > 1) std::sort(keys.begin(), keys.end());
      std::int64_t slot = lists.offsets[f];
      for (const std::uint64_t key : keys) {
        data.list_rank[slot] = static_cast<std::int32_t>(key >> 32);
        if (!data.binary)
          data.list_value[slot] = __builtin_bit_cast(float, static_cast<std::uint32_t>(key));
        ++slot;
      }
    }
  });
}

/// The rows of the ranks in [first, last), gathered from the lists: light features, then heavy
/// ones.
void fill_rows(NeighborData& data, std::int32_t first, std::int32_t last) {
  std::vector<std::int64_t> next(data.row_begin.begin() + first, data.row_begin.begin() + last);
  const auto gather = [&](std::int32_t f) {
    const auto begin = data.list_rank.begin() + data.list_begin[f];
    const auto end = data.list_rank.begin() + data.list_begin[f + 1];
    auto slot = first == 0 ? begin : std::lower_bound(begin, end, first);
    for (; slot != end && *slot < last; ++slot) {
      const std::int64_t at = next[*slot - first]++;
      data.row_feature[at] = f;
      data.row_position[at] = static_cast<std::int32_t>(slot - begin);
      if (!data.binary) data.row_value[at] = data.list_value[slot - data.list_rank.begin()];
    }
  };
  for (std::int32_t f = 0; f < data.features; ++f) {
    if (data.heavy_of[f] < 0) gather(f);
  }
  std::copy(next.begin(), next.end(), data.row_light_end.begin() + first);
  for (const std::int32_t f : data.heavy_features) gather(f);
}

void fill_rows(NeighborData& data, ThreadPool& pool) {
  const auto nonzeros = data.list_rank.size();
  data.row_light_end.resize(static_cast<std::size_t>(data.points));
  data.row_feature.resize(nonzeros);
  data.row_position.resize(nonzeros);
  if (!data.binary) data.row_value.resize(nonzeros);
  // Every part looks at every feature, which must be little beside the entries it moves.
  const auto entries = static_cast<std::int64_t>(nonzeros);
  const std::int64_t parts = std::clamp<std::int64_t>(
      entries / (kEntriesPerFeature * std::max(data.features, 1)), 1, kMostParts);
  pool.run(parts, [&](std::int64_t part, int) {
    const auto border = [&](std::int64_t p) {
      const auto at =
          std::lower_bound(data.row_begin.begin(), data.row_begin.end() - 1, entries * p / parts);
      return p == parts ? data.points : static_cast<std::int32_t>(at - data.row_begin.begin());
    };
    fill_rows(data, border(part), border(part + 1));
  });
}

Status fill_sides(NeighborData& data) {
  const std::size_t padded = static_cast<std::size_t>(data.blocks) * detail::kBlock;
  data.left.assign(padded, 0);
  data.right.assign(padded, 0);
  data.weight.assign(padded, kNever);
  data.back_weight.assign(padded, kNever);
  data.low_weight.assign(static_cast<std::size_t>(data.blocks), kNever);
  for (std::int32_t rank = 0; rank < data.points; ++rank) {
    const SparseLine row = detail::row_of(data, rank);
    auto squares = static_cast<double>(row.size());
    if (!data.binary) {
      squares = 0;
      for (const float value : row.values) squares += double{value} * value;
    }
    if (squares != 0 && !(squares >= kMinSquares && squares <= kMaxSquares))
      return {Code::kBadData,
              fmt::format("line {}: a sum of squares of {:g} is out of the range of "
                          "neighbour search ({:g} to {:g})",
                          data.id_of[rank], squares, kMinSquares, kMaxSquares)};
    const detail::ScoreSides sides =
        detail::score_sides(data, static_cast<std::int64_t>(row.size()), squares);
    data.left[rank] = sides.left;
    data.right[rank] = sides.right;
    data.weight[rank] = sides.weight;
    data.back_weight[rank] = sides.back_weight;
    float& low = data.low_weight[rank / detail::kBlock];
    low = std::min(low, sides.weight);
  }
  return {};
}

}  // namespace

namespace detail {

ScoreSides score_sides(const NeighborData& data, std::int64_t count, double squares) {
  switch (data.form) {
    case ScoreForm::kScale: {
      const auto inverse = static_cast<float>(squares > 0 ? 1 / std::sqrt(squares) : 0.0);
      const auto norm = static_cast<float>(squares > 0 ? std::sqrt(squares) : kNever);
      return {inverse, inverse, norm, norm};
    }
    case ScoreForm::kDivide: {
      const double alpha = data.options.alpha;
      const auto left = static_cast<float>(std::pow(squares, alpha));
      const auto right = static_cast<float>(std::pow(squares, 1 - alpha));
      return {left, right, squares > 0 ? right : kNever, squares > 0 ? left : kNever};
    }
    case ScoreForm::kUnion: {
      const auto n = static_cast<float>(count);
      return {n, n, count > 0 ? n : kNever, count > 0 ? n : kNever};
    }
  }
  return {};
}

}  // namespace detail

Result<NeighborIndex> NeighborIndex::build(const CompressedView& matrix, PointAxis points,
                                           const NeighborOptions& options, ThreadPool& pool) {
  BASCULE_TRY(check(matrix, options));
  Compressed flipped;
  CompressedView lists = matrix;  // features × points
  if (points == PointAxis::kMajors) {
    flipped = flip(matrix);
    lists = flipped.view();
  }
  auto data = std::make_unique<NeighborData>();
  data->options = options;
  data->points = static_cast<std::int32_t>(lists.minors);
  data->features = static_cast<std::int32_t>(lists.majors);
  data->blocks = (data->points + detail::kBlock - 1) / detail::kBlock;
  if (options.similarity == Similarity::kJaccard) {
    data->form = ScoreForm::kUnion;
  } else if (options.shrinkage > 0 || options.alpha != 0.5F) {
    data->form = ScoreForm::kDivide;
  }
  const auto all = [&](auto&& holds) {
    return std::all_of(lists.values, lists.values + lists.nonzeros(), holds);
  };
  const bool cosine = options.similarity == Similarity::kCosine;
  data->binary = options.similarity == Similarity::kJaccard ||
                 (cosine && all([](float value) { return value == 1.0F; }));
  data->nonnegative = data->binary || (cosine && all([](float value) { return value >= 0; }));
  rank_points(lists, *data);
  if (options.similarity == Similarity::kPearson) find_means(lists, *data);
  fill_lists(lists, *data, pool);
  detail::choose_heavy(*data);
  fill_rows(*data, pool);
  BASCULE_TRY(fill_sides(*data));
  detail::write_out_heavy(*data);
  return NeighborIndex(std::move(data));
}

NeighborIndex::NeighborIndex(std::unique_ptr<detail::NeighborData> data) : data_(std::move(data)) {}
NeighborIndex::NeighborIndex(NeighborIndex&&) noexcept = default;
NeighborIndex& NeighborIndex::operator=(NeighborIndex&&) noexcept = default;
NeighborIndex::~NeighborIndex() = default;

std::int64_t NeighborIndex::points() const {
  return data_->points;
}
std::int64_t NeighborIndex::features() const {
  return data_->features;
}
const NeighborOptions& NeighborIndex::options() const {
  return data_->options;
}

}  // namespace bascule
