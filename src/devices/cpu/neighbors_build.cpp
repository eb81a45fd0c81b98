#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "devices/cpu/neighbors_data.h"

namespace bascule {
namespace {

using detail::NeighborData;
using detail::ScoreForm;

/// Weight of a point that enters no list.
constexpr float kNever = std::numeric_limits<float>::infinity();
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

/// Points in ascending order of their number of features, stable: counting sort.
void rank_points(const CompressedView& rows, NeighborData& data) {
  const auto n = static_cast<std::size_t>(rows.majors);
  std::int64_t longest = 0;
  for (std::int64_t i = 0; i < rows.majors; ++i) longest = std::max(longest, rows.length(i));
  std::vector<std::int32_t> next(static_cast<std::size_t>(longest) + 2, 0);
  for (std::int64_t i = 0; i < rows.majors; ++i) ++next[rows.length(i) + 1];
  for (std::size_t length = 1; length < next.size(); ++length) next[length] += next[length - 1];
  data.id_of.resize(n);
  data.rank_of.resize(n);
  for (std::int64_t i = 0; i < rows.majors; ++i) {
    const std::int32_t rank = next[rows.length(i)]++;
    data.id_of[rank] = static_cast<std::int32_t>(i);
    data.rank_of[i] = rank;
  }
}

void count_lists(const CompressedView& rows, NeighborData& data) {
  data.list_begin.assign(static_cast<std::size_t>(rows.minors) + 1, 0);
  for (std::int64_t p = 0; p < rows.nonzeros(); ++p) ++data.list_begin[rows.indices[p] + 1];
  for (std::int64_t f = 0; f < rows.minors; ++f) data.list_begin[f + 1] += data.list_begin[f];
}

void find_means(const CompressedView& rows, NeighborData& data) {
  std::vector<double> sums(static_cast<std::size_t>(rows.minors), 0.0);
  for (std::int64_t p = 0; p < rows.nonzeros(); ++p) sums[rows.indices[p]] += rows.values[p];
  data.feature_mean.resize(sums.size());
  for (std::size_t f = 0; f < sums.size(); ++f) {
    const auto count = static_cast<double>(data.list_begin[f + 1] - data.list_begin[f]);
    data.feature_mean[f] = count > 0 ? static_cast<float>(sums[f] / count) : 0.0F;
  }
}

/// Copies the rows in rank order and builds the lists beside them.
Status fill(const CompressedView& rows, NeighborData& data) {
  const auto nonzeros = static_cast<std::size_t>(rows.nonzeros());
  const bool centred = !data.feature_mean.empty();
  data.row_begin.resize(static_cast<std::size_t>(data.points) + 1);
  data.row_feature.resize(nonzeros);
  data.row_position.resize(nonzeros);
  data.list_rank.resize(nonzeros);
  if (!data.binary) {
    data.row_value.resize(nonzeros);
    data.list_value.resize(nonzeros);
  }
  std::vector<std::int32_t> filled(static_cast<std::size_t>(data.features), 0);
  const std::size_t padded = static_cast<std::size_t>(data.blocks) * detail::kBlock;
  data.left.assign(padded, 0);
  data.right.assign(padded, 0);
  data.weight.assign(padded, kNever);
  data.back_weight.assign(padded, kNever);
  data.low_weight.assign(static_cast<std::size_t>(data.blocks), kNever);
  std::int64_t at = 0;
  for (std::int32_t rank = 0; rank < data.points; ++rank) {
    const SparseLine row = rows.line(data.id_of[rank]);
    data.row_begin[rank] = at;
    double squares = 0;
    for (std::size_t p = 0; p < row.size(); ++p, ++at) {
      const std::int32_t f = row.indices[p];
      const std::int32_t position = filled[f]++;
      const std::int64_t slot = data.list_begin[f] + position;
      data.row_feature[at] = f;
      data.row_position[at] = position;
      data.list_rank[slot] = rank;
      if (data.binary) continue;
      const float value = centred ? row.values[p] - data.feature_mean[f] : row.values[p];
      data.row_value[at] = value;
      data.list_value[slot] = value;
      squares += double{value} * value;
    }
    if (data.binary) squares = static_cast<double>(row.size());
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
  data.row_begin[data.points] = at;
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
                                           const NeighborOptions& options) {
  BASCULE_TRY(check(matrix, options));
  Compressed flipped;
  CompressedView rows = matrix;
  if (points == PointAxis::kMinors) {
    flipped = flip(matrix);
    rows = flipped.view();
  }
  auto data = std::make_unique<NeighborData>();
  data->options = options;
  data->points = static_cast<std::int32_t>(rows.majors);
  data->features = static_cast<std::int32_t>(rows.minors);
  data->blocks = (data->points + detail::kBlock - 1) / detail::kBlock;
  if (options.similarity == Similarity::kJaccard) {
    data->form = ScoreForm::kUnion;
  } else if (options.shrinkage > 0 || options.alpha != 0.5F) {
    data->form = ScoreForm::kDivide;
  }
  data->binary = options.similarity == Similarity::kJaccard ||
                 (options.similarity == Similarity::kCosine &&
                  std::all_of(rows.values, rows.values + rows.nonzeros(),
                              [](float value) { return value == 1.0F; }));
  rank_points(rows, *data);
  count_lists(rows, *data);
  if (options.similarity == Similarity::kPearson) find_means(rows, *data);
  BASCULE_TRY(fill(rows, *data));
  data->nonnegative = std::all_of(data->list_value.begin(), data->list_value.end(),
                                  [](float value) { return value >= 0; });
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
