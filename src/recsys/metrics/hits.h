#pragma once
#include <algorithm>
#include <cstdint>
#include <span>

#include <bascule/recsys/metrics/ranking.h>

namespace bascule::metrics {

/// The first k ranks, or as many as there are.
inline std::span<const float> top(const Ranking& ranking, std::int32_t k) {
  return ranking.ranked.first(std::min(ranking.ranked.size(), static_cast<std::size_t>(k)));
}

/// Relevant items among the first k.
inline std::int64_t hits(const Ranking& ranking, std::int32_t k) {
  const auto list = top(ranking, k);
  return std::count_if(list.begin(), list.end(), [](float r) { return r > 0; });
}

/// The most hits that k ranks can hold.
inline double reachable_hits(const Ranking& ranking, std::int32_t k) {
  return static_cast<double>(std::min(ranking.relevant.size(), static_cast<std::size_t>(k)));
}

}  // namespace bascule::metrics
