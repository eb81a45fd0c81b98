#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include <bascule/base/checked.h>
#include <bascule/devices/neighbors.h>
#include <bascule/recsys/popularity.h>
#include <bascule/recsys/rp3beta.h>

#include "recsys/best_first.h"
#include "recsys/by_neighbor.h"
#include "recsys/find_neighbors.h"

namespace bascule {
namespace {

/// x^α X_v^(−α/2) in place of every x of user v: products of two items' columns are then the sums
/// over users of w_ij, but for what depends on i or j alone.
Result<Compressed> walk_parts(const CompressedView& x, double alpha) {
  Compressed parts = copy(x);
  const std::span<float> values = parts.mutable_values();
  for (std::int64_t v = 0; v < x.majors; ++v) {
    const SparseLine line = x.line(v);
    const double sum = std::accumulate(line.values.begin(), line.values.end(), 0.0);
    const double share = sum > 0 ? std::pow(sum, -alpha / 2) : 0;
    for (std::size_t p = 0; p < line.size(); ++p) {
      const double value = line.values[p];
      if (value < 0)
        return Error{Code::kBadData,
                     fmt::format("rp3beta walks along interactions that are not negative; {:g} is "
                                 "one (data.min_rating leaves it out, data.binarise makes it 1)",
                                 value)};
      values[static_cast<std::size_t>(x.offsets[v]) + p] =
          value > 0 ? static_cast<float>(std::pow(value, alpha) * share) : 0.0F;
    }
  }
  return parts;
}

std::vector<float> popularity_factors(const CompressedView& x, double beta) {
  const std::vector<std::int64_t> counts = count_item_users(x);
  std::vector<float> factors(counts.size());
  std::transform(counts.begin(), counts.end(), factors.begin(), [&](std::int64_t count) {
    return count > 0 ? static_cast<float>(std::pow(static_cast<double>(count), -beta)) : 0.0F;
  });
  return factors;
}

/// What the rows are still to be multiplied by: X_i^(−α), or whatever makes their sums 1.
std::vector<double> row_factors(const CompressedView& x, const NeighborLists& rows,
                                const Rp3betaOptions& options) {
  std::vector<double> sums(static_cast<std::size_t>(rows.points), 0);
  if (options.normalise) {
    for (std::size_t slot = 0; slot < rows.scores.size(); ++slot)
      sums[slot / static_cast<std::size_t>(rows.k)] += rows.scores[slot];
  } else {
    for (std::int64_t p = 0; p < x.nonzeros(); ++p)
      sums[static_cast<std::size_t>(x.indices[p])] += x.values[p];
  }
  const double exponent = options.normalise ? -1 : -double{options.transition_exponent};
  for (double& sum : sums) sum = sum > 0 ? std::pow(sum, exponent) : 0;
  return sums;
}

/// The K largest of each of `columns`, as rows.
Compressed largest_by_row(const Compressed& columns, std::int32_t k) {
  std::vector<std::int64_t> offsets(1, 0);
  std::vector<std::int32_t> ids;
  std::vector<float> weights;
  std::vector<Recommendation> list;
  for (std::int64_t j = 0; j < columns.majors(); ++j) {
    const SparseLine line = columns.line(j);
    list.clear();
    for (std::size_t p = 0; p < line.size(); ++p) list.push_back({line.indices[p], line.values[p]});
    keep_best_first(list, k);
    for (const auto& [i, weight] : list) {
      ids.push_back(i);
      weights.push_back(weight);
    }
    offsets.push_back(std::ssize(ids));
  }
  return flip({columns.majors(), columns.minors(), offsets.data(), ids.data(), weights.data()});
}

}  // namespace

std::int64_t Rp3beta::fit_bytes(const CompressedView& interactions) const {
  constexpr std::int64_t kPerWeight = 32, kPerInteraction = 24;
  const std::int64_t k = std::min<std::int64_t>(options_.neighbors, interactions.minors);
  const auto bytes = checked_mul(interactions.minors, k * kPerWeight);
  if (!bytes) return std::numeric_limits<std::int64_t>::max();
  return *bytes + kPerInteraction * interactions.nonzeros();
}

Status Rp3beta::use_device(std::shared_ptr<Device> device) {
  device_ = std::move(device);
  return {};
}

Status Rp3beta::fit(const CsrMatrix& interactions, ThreadPool& pool, StageTimes& times) {
  Stopwatch watch;
  const CompressedView x = interactions.view();
  BASCULE_ASSIGN(const Compressed parts, walk_parts(x, options_.transition_exponent));
  BASCULE_ASSIGN(
      const NeighborIndex index,
      NeighborIndex::build(parts.view(), PointAxis::kMinors, {.similarity = Similarity::kProduct},
                           pool, popularity_factors(x, options_.popularity_exponent)));
  times.emplace_back("index", watch.restart());
  const auto k =
      static_cast<std::int32_t>(std::clamp<std::int64_t>(x.minors, 1, options_.neighbors));
  BASCULE_ASSIGN(NeighborLists rows, find_neighbors(index, k, device_.get(), pool, times));
  watch.restart();
  const std::vector<double> factors = row_factors(x, rows, options_);
  for (std::size_t slot = 0; slot < rows.scores.size(); ++slot)
    rows.scores[slot] =
        static_cast<float>(rows.scores[slot] * factors[slot / static_cast<std::size_t>(rows.k)]);
  use_weights(largest_by_row(by_neighbor(rows), k));
  times.emplace_back("targets", watch.restart());
  return {};
}

}  // namespace bascule
