#include "recsys/dense_top.h"

#include <algorithm>

namespace bascule {
namespace {

constexpr std::size_t kBlock = 128;

bool better(const Recommendation& a, const Recommendation& b) {
  return a.score != b.score ? a.score > b.score : a.item < b.item;
}

/// Keeps the k best, of which the last is returned.
float keep_best(std::vector<Recommendation>& list, std::size_t k) {
  const auto end = list.begin() + static_cast<std::ptrdiff_t>(k);
  std::nth_element(list.begin(), end - 1, list.end(), better);
  list.resize(k);
  return list.back().score;
}

}  // namespace

void take_top(std::span<const float> scores, std::int32_t k, std::vector<Recommendation>& out) {
  out.clear();
  if (k <= 0) return;
  const auto wanted = static_cast<std::size_t>(k);
  const std::size_t room = wanted + std::max(wanted, kBlock);
  // What is not above the worst of k items seen before is not among the best: a tie goes to them.
  float bar = kNoCandidate;
  for (std::size_t begin = 0; begin < scores.size(); begin += kBlock) {
    const std::size_t end = std::min(begin + kBlock, scores.size());
    int above = 0;
    for (std::size_t i = begin; i < end; ++i) above += scores[i] > bar ? 1 : 0;
    if (above == 0) continue;
    for (std::size_t i = begin; i < end; ++i)
      if (scores[i] > bar) out.push_back({static_cast<std::int32_t>(i), scores[i]});
    if (out.size() >= room) bar = keep_best(out, wanted);
  }
  if (out.size() > wanted) keep_best(out, wanted);
  std::sort(out.begin(), out.end(), better);
}

}  // namespace bascule
