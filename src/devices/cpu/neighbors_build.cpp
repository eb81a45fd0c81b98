#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "devices/cpu/neighbors_data.h"
#include "devices/cpu/neighbors_heavy.h"
#include "devices/cpu/neighbors_scatter.h"

namespace bascule {
namespace {

using detail::NeighborData;
using detail::Scatter;
using detail::ScoreForm;

/// Weight of a point that enters no list.
constexpr float kNever = std::numeric_limits<float>::infinity();
constexpr std::int64_t kPointsPerChunk = 4096;
/// Sums of squares outside this range would over- or underflow in single precision.
constexpr double kMinSquares = 1e-30, kMaxSquares = 1e30;

Status check(const CompressedView& matrix, PointAxis points, const NeighborOptions& options,
             std::span<const float> factors) {
  if (!(options.shrinkage >= 0) || !std::isfinite(options.shrinkage))
    return {Code::kUsage, fmt::format("shrinkage {} is not a number >= 0", options.shrinkage)};
  if (!(options.alpha >= 0 && options.alpha <= 1))
    return {Code::kUsage, fmt::format("alpha {} is not within [0, 1]", options.alpha)};
  constexpr std::int64_t kPadding = detail::kStrip * detail::kGroup * detail::kGroupsPerScore;
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max() - kPadding;
  if (matrix.majors > kMost || matrix.minors > kMost)
    return {Code::kFailed, fmt::format("a matrix of {} × {} is too large for neighbours",
                                       matrix.majors, matrix.minors)};
  if (factors.empty()) return {};
  const std::int64_t count = points == PointAxis::kMinors ? matrix.minors : matrix.majors;
  if (options.similarity != Similarity::kProduct || std::ssize(factors) != count)
    return {Code::kUsage, "factors are for products, one for each point"};
  for (const float factor : factors) {
    if (!(factor >= 0) || !std::isfinite(factor))
      return {Code::kUsage, fmt::format("factor {} is not a number >= 0", factor)};
  }
  return {};
}

/// Points in ascending order of their number of features, stable: counting sort. Fills row_begin
/// too.
void rank_points(const Scatter& by_point, NeighborData& data) {
  const auto n = static_cast<std::size_t>(data.points);
  std::vector<std::int32_t> lengths(n);
  for (std::int32_t i = 0; i < data.points; ++i)
    lengths[i] = static_cast<std::int32_t>(by_point.count(i));
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

/// Rows and lists, each in ascending order: every turn keeps the order of its source.
void fill(const CompressedView& lists, NeighborData& data, ThreadPool& pool) {
  const auto nonzeros = static_cast<std::size_t>(lists.nonzeros());
  Scatter by_point(lists.offsets, data.features, lists.indices, data.points, pool);
  rank_points(by_point, data);
  data.row_feature.resize(nonzeros);
  if (!data.binary) data.row_value.resize(nonzeros);
  const float* means = data.feature_mean.empty() ? nullptr : data.feature_mean.data();
  by_point.run([&](std::int64_t point) { return data.row_begin[data.rank_of[point]]; },
               [&](std::int64_t f, std::int64_t p, std::int64_t at) {
                 data.row_feature[at] = static_cast<std::int32_t>(f);
                 if (!data.binary)
                   data.row_value[at] = lists.values[p] - (means == nullptr ? 0.0F : means[f]);
               });
  data.list_begin.assign(lists.offsets, lists.offsets + data.features + 1);
  data.list_rank.resize(nonzeros);
  if (!data.binary) data.list_value.resize(nonzeros);
  Scatter by_feature(data.row_begin.data(), data.points, data.row_feature.data(), data.features,
                     pool);
  by_feature.run([&](std::int64_t f) { return data.list_begin[f]; },
                 [&](std::int64_t rank, std::int64_t p, std::int64_t at) {
                   data.list_rank[at] = static_cast<std::int32_t>(rank);
                   if (!data.binary) data.list_value[at] = data.row_value[p];
                 });
}

Status fill_sides(NeighborData& data, std::span<const float> factors, std::int32_t first,
                  std::int32_t last) {
  for (std::int32_t rank = first; rank < last; ++rank) {
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
    detail::ScoreSides sides =
        detail::score_sides(data, static_cast<std::int64_t>(row.size()), squares);
    if (!factors.empty()) {
      sides.right = factors[static_cast<std::size_t>(data.id_of[rank])];
      sides.weight = sides.right > 0 ? 1 / sides.right : kNever;
    }
    data.left[rank] = sides.left;
    data.right[rank] = sides.right;
    data.weight[rank] = sides.weight;
  }
  return {};
}

/// The least of each `size` values in turn.
std::vector<float> least_of(const std::vector<float>& values, std::int32_t size) {
  std::vector<float> least;
  for (std::size_t from = 0; from < values.size(); from += static_cast<std::size_t>(size)) {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(from);
    least.push_back(
        *std::min_element(begin, values.end() - begin > size ? begin + size : values.end()));
  }
  return least;
}

Status fill_sides(NeighborData& data, std::span<const float> factors, ThreadPool& pool) {
  const std::size_t padded = static_cast<std::size_t>(data.blocks) * detail::kBlock;
  data.left.assign(padded, 0);
  data.right.assign(padded, 0);
  data.weight.assign(padded, kNever);
  const Chunks chunks{data.points, kPointsPerChunk};
  std::vector<Status> statuses(static_cast<std::size_t>(chunks.chunks()));
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int) {
    statuses[chunk] = fill_sides(data, factors, static_cast<std::int32_t>(chunks.begin(chunk)),
                                 static_cast<std::int32_t>(chunks.end(chunk)));
  });
  for (Status& status : statuses) BASCULE_TRY(std::move(status));
  data.low_weight = least_of(data.weight, detail::kBlock);
  if (data.binary)
    data.low_weight_of_group = least_of(data.weight, detail::kGroup * detail::kStrip);
  return {};
}

}  // namespace

namespace detail {

ScoreSides score_sides(const NeighborData& data, std::int64_t count, double squares) {
  switch (data.form) {
    case ScoreForm::kScale: {
      if (data.options.similarity == Similarity::kProduct) return {1, 1, 1};
      const auto inverse = static_cast<float>(squares > 0 ? 1 / std::sqrt(squares) : 0.0);
      const auto norm = static_cast<float>(squares > 0 ? std::sqrt(squares) : kNever);
      return {inverse, inverse, norm};
    }
    case ScoreForm::kDivide: {
      const double alpha = data.options.alpha;
      const auto left = static_cast<float>(std::pow(squares, alpha));
      const auto right = static_cast<float>(std::pow(squares, 1 - alpha));
      return {left, right, squares > 0 ? right : kNever};
    }
    case ScoreForm::kUnion: {
      const auto n = static_cast<float>(count);
      return {n, n, count > 0 ? n : kNever};
    }
  }
  return {};
}

}  // namespace detail

Result<NeighborIndex> NeighborIndex::build(const CompressedView& matrix, PointAxis points,
                                           const NeighborOptions& options, ThreadPool& pool,
                                           std::span<const float> factors) {
  BASCULE_TRY(check(matrix, points, options, factors));
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
  const std::int32_t strips = (data->points + detail::kStrip - 1) / detail::kStrip;
  data->blocks = strips * (detail::kStrip / detail::kBlock);
  data->groups = (strips + detail::kGroup - 1) / detail::kGroup;
  const bool product = options.similarity == Similarity::kProduct;
  if (options.similarity == Similarity::kJaccard) {
    data->form = ScoreForm::kUnion;
  } else if (!product && (options.shrinkage > 0 || options.alpha != 0.5F)) {
    data->form = ScoreForm::kDivide;
  }
  const auto all = [&](auto&& holds) {
    return std::all_of(lists.values, lists.values + lists.nonzeros(), holds);
  };
  const bool as_given = product || options.similarity == Similarity::kCosine;
  // Counts are searched by bounds that want popular points to have the smaller factors.
  data->binary = options.similarity == Similarity::kJaccard ||
                 (as_given && factors.empty() && all([](float value) { return value == 1.0F; }));
  data->nonnegative = data->binary || (as_given && all([](float value) { return value >= 0; }));
  if (options.similarity == Similarity::kPearson) find_means(lists, *data);
  fill(lists, *data, pool);
  BASCULE_TRY(fill_sides(*data, factors, pool));
  detail::choose_heavy(*data);
  detail::write_out_heavy(*data, pool);
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
