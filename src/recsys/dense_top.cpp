#include "recsys/dense_top.h"

#include <algorithm>

#include <bascule/devices/top_scores.h>

#include "recsys/best_first.h"

namespace bascule {
namespace {

constexpr std::size_t kLeastRoom = 128;  // beside the k best

/// Keeps the k best, of which the last is returned.
float keep_best(std::vector<Recommendation>& list, std::size_t k) {
  const auto end = list.begin() + static_cast<std::ptrdiff_t>(k);
  std::nth_element(list.begin(), end - 1, list.end(), is_better);
  list.resize(k);
  return list.back().score;
}

}  // namespace

void take_top(std::span<const float> scores, std::int32_t k, std::vector<Recommendation>& out) {
  out.clear();
  if (k <= 0) return;
  const auto wanted = static_cast<std::size_t>(k);
  const std::size_t room = wanted + std::max(wanted, kLeastRoom);
  // What is not above the worst of k items seen before is not among the best: a tie goes to them.
  float bar = kNoCandidate;
  for (std::int64_t i = -1; (i = first_above(scores, i + 1, bar)) < std::ssize(scores);) {
    out.push_back({static_cast<std::int32_t>(i), scores[static_cast<std::size_t>(i)]});
    if (out.size() == room) bar = keep_best(out, wanted);
  }
  keep_best_first(out, k);
}

}  // namespace bascule
