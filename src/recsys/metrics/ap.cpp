#include <bascule/recsys/metrics/ap.h>

#include "recsys/metrics/hits.h"

namespace bascule::metrics {
namespace {

double precision_at_hits(const Ranking& ranking, std::int32_t k) {
  const auto list = top(ranking, k);
  double sum = 0;
  double found = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i] > 0) sum += ++found / static_cast<double>(i + 1);
  }
  return sum;
}

}  // namespace

double average_precision(const Ranking& ranking, std::int32_t k) {
  return precision_at_hits(ranking, k) / reachable_hits(ranking, k);
}

double average_precision_over_k(const Ranking& ranking, std::int32_t k) {
  return precision_at_hits(ranking, k) / k;
}

}  // namespace bascule::metrics
