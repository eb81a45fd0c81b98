#include <algorithm>
#include <limits>

#include <bascule/recsys/metrics/coverage.h>

namespace bascule::metrics {

Coverage::Coverage(std::int64_t items)
    : best_rank_(static_cast<std::size_t>(items), std::numeric_limits<std::int32_t>::max()) {}

void Coverage::add(std::span<const std::int32_t> list) {
  std::int32_t rank = 0;
  for (const std::int32_t item : list) {
    if (item < 0) break;
    best_rank_[item] = std::min(best_rank_[item], rank++);
  }
}

double Coverage::at(std::int32_t k) const {
  if (best_rank_.empty()) return 0;
  const auto covered = std::count_if(best_rank_.begin(), best_rank_.end(),
                                     [k](std::int32_t rank) { return rank < k; });
  return static_cast<double>(covered) / static_cast<double>(best_rank_.size());
}

}  // namespace bascule::metrics
