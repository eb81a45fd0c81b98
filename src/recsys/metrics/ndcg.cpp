#include <cmath>

#include <bascule/recsys/metrics/ndcg.h>

#include "recsys/metrics/hits.h"

namespace bascule::metrics {
namespace {

double discounted_gain(std::span<const float> relevances) {
  double sum = 0;
  for (std::size_t i = 0; i < relevances.size(); ++i) {
    if (relevances[i] > 0) {
      sum += (std::exp2(static_cast<double>(relevances[i])) - 1) /
             std::log2(static_cast<double>(i + 2));
    }
  }
  return sum;
}

}  // namespace

double ndcg(const Ranking& ranking, std::int32_t k) {
  const auto best = std::min(ranking.relevant.size(), static_cast<std::size_t>(k));
  return discounted_gain(top(ranking, k)) / discounted_gain(ranking.relevant.first(best));
}

double ndcg_full(const Ranking& ranking, std::int32_t k) {
  return discounted_gain(top(ranking, k)) / discounted_gain(ranking.relevant);
}

}  // namespace bascule::metrics
