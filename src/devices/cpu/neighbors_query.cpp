#include <algorithm>
#include <functional>
#include <utility>

#include "devices/cpu/neighbors_kernels.h"

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

std::vector<Neighbor> query(const NeighborIndex& index, SparseLine vector, std::int32_t k,
                            std::int32_t exclude, NeighborScratch& scratch) {
  const NeighborData& data = index.data();
  const auto known = static_cast<std::size_t>(
      std::lower_bound(vector.indices.begin(), vector.indices.end(), data.features) -
      vector.indices.begin());
  SparseLine line{vector.indices.first(known), vector.values.first(known)};
  std::vector<float> centred;
  if (!data.feature_mean.empty()) {
    centred.assign(vector.values.begin(), vector.values.end());
    for (std::size_t p = 0; p < known; ++p) centred[p] -= data.feature_mean[line.indices[p]];
    line.values = std::span<const float>(centred).first(known);
    vector.values = centred;
  }
  double squares = 0;
  for (const float value : vector.values) squares += double{value} * value;
  if (index.options().similarity == Similarity::kJaccard) line.values = {};
  const detail::ScoreSides sides =
      detail::score_sides(data, static_cast<std::int64_t>(vector.size()), squares);
  const std::int32_t excluded =
      exclude >= 0 && exclude < data.points ? data.rank_of[exclude] : kExcludeNone;
  return search(data, line, sides.left, k, excluded, scratch.workspace());
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
