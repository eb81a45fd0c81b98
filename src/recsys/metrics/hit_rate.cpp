#include <bascule/recsys/metrics/hit_rate.h>

#include "recsys/metrics/hits.h"

namespace bascule::metrics {

double hit_rate(const Ranking& ranking, std::int32_t k) {
  return hits(ranking, k) > 0 ? 1 : 0;
}

}  // namespace bascule::metrics
