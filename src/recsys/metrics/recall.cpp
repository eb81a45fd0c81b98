#include <bascule/recsys/metrics/recall.h>

#include "recsys/metrics/hits.h"

namespace bascule::metrics {

double recall(const Ranking& ranking, std::int32_t k) {
  return static_cast<double>(hits(ranking, k)) / reachable_hits(ranking, k);
}

}  // namespace bascule::metrics
