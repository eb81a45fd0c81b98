#include <algorithm>
#include <functional>
#include <utility>

#include "devices/cpu/neighbors_kernels.h"
#include "devices/cpu/neighbors_line.h"

namespace bascule {
namespace {

using detail::NeighborData;
using detail::NeighborWorkspace;

/// `exclude` is a rank here.
std::vector<Neighbor> search(const NeighborData& data, SparseLine line, float left, std::int32_t k,
                             std::int32_t exclude, NeighborWorkspace& work) {
  k = std::min(k, data.points);
  if (k <= 0) return {};
  work.top.start(k, detail::kSmallest);
  detail::neighbor_kernels().line(data, line, left, exclude, work);
  std::vector<Neighbor> found;
  found.reserve(static_cast<std::size_t>(work.top.count));
  for (std::int32_t p = 0; p < work.top.count; ++p)
    found.push_back({detail::key_id(work.top.keys[p]), detail::key_score(work.top.keys[p])});
  return found;
}

}  // namespace

NeighborScratch::NeighborScratch(const NeighborIndex& index)
    : workspace_(std::make_unique<NeighborWorkspace>(index.data())) {}
NeighborScratch::NeighborScratch(NeighborScratch&&) noexcept = default;
NeighborScratch& NeighborScratch::operator=(NeighborScratch&&) noexcept = default;
NeighborScratch::~NeighborScratch() = default;

namespace detail {

QueryLine query_line(const NeighborData& data, SparseLine vector, std::int32_t exclude) {
  const auto known = static_cast<std::size_t>(
      std::lower_bound(vector.indices.begin(), vector.indices.end(), data.features) -
      vector.indices.begin());
  QueryLine query;
  query.features = vector.indices.first(known);
  if (!data.feature_mean.empty()) {
    query.centred.assign(vector.values.begin(), vector.values.end());
    for (std::size_t p = 0; p < known; ++p)
      query.centred[p] -= data.feature_mean[query.features[p]];
    vector.values = query.centred;
  }
  if (data.options.similarity != Similarity::kJaccard) query.values = vector.values.first(known);
  double squares = 0;
  for (const float value : vector.values) squares += double{value} * value;
  query.left = score_sides(data, static_cast<std::int64_t>(vector.size()), squares).left;
  query.excluded = exclude >= 0 && exclude < data.points ? data.rank_of[exclude] : kExcludeNone;
  return query;
}

}  // namespace detail

std::vector<Neighbor> query(const NeighborIndex& index, SparseLine vector, std::int32_t k,
                            std::int32_t exclude, NeighborScratch& scratch) {
  const detail::QueryLine line = detail::query_line(index.data(), vector, exclude);
  return search(index.data(), line.line(), line.left, k, line.excluded, scratch.workspace());
}

std::vector<Neighbor> query(const NeighborIndex& index, std::int32_t point, std::int32_t k,
                            bool include_self, NeighborScratch& scratch) {
  const NeighborData& data = index.data();
  if (point < 0 || point >= data.points) return {};
  const std::int32_t rank = data.rank_of[point];
  return search(data, detail::row_of(data, rank), data.left[rank], k,
                include_self ? kExcludeNone : rank, scratch.workspace());
}

}  // namespace bascule
