#include "recsys/dense_top.h"

#include <algorithm>
#include <functional>

#include <bascule/devices/top_scores.h>

#include "recsys/best_first.h"

namespace bascule {
namespace {

/// Strands for each item that is wanted: the more, the fewer scores are looked at in vain, and the
/// more maxima.
constexpr std::int64_t kStrandsPerItem = 8;
constexpr std::int64_t kLeastDepth = 4, kMostDepth = 32;

}  // namespace

void TopSearch::take(std::span<const float> scores, std::span<const float> ceiling, std::int32_t k,
                     std::vector<Recommendation>& out) {
  out.clear();
  if (k <= 0) return;
  const std::int64_t n = std::ssize(scores);
  const std::int64_t depth = std::clamp(n / (kStrandsPerItem * k), kLeastDepth, kMostDepth);
  maxima_.resize(static_cast<std::size_t>(strand_count(n, depth)));
  strand_maxima(scores, ceiling, depth, maxima_);
  // k strands have a score as good as the k-th greatest maximum: nothing below it is wanted.
  float bar = kNoCandidate;
  if (k < std::ssize(maxima_)) {
    ranked_ = maxima_;
    std::nth_element(ranked_.begin(), ranked_.begin() + k - 1, ranked_.end(), std::greater<>());
    bar = ranked_[static_cast<std::size_t>(k - 1)];
  }
  const auto is_wanted = [bar](float score) { return score >= bar && score > kNoCandidate; };
  for (std::int64_t strand = 0; strand < std::ssize(maxima_); ++strand) {
    if (!is_wanted(maxima_[static_cast<std::size_t>(strand)])) continue;
    const std::int64_t begin = strand / kStrands * depth * kStrands;
    const std::int64_t end = std::min(begin + depth * kStrands, n);
    for (std::int64_t i = begin + strand % kStrands; i < end; i += kStrands) {
      const auto at = static_cast<std::size_t>(i);
      if (!is_wanted(scores[at]) || (!ceiling.empty() && ceiling[at] == kNoCandidate)) continue;
      out.push_back({static_cast<std::int32_t>(i), scores[at]});
    }
  }
  keep_best_first(out, k);
}

}  // namespace bascule
