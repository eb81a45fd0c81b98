#include <bascule/recsys/metrics/precision.h>

#include "recsys/metrics/hits.h"

namespace bascule::metrics {

double precision(const Ranking& ranking, std::int32_t k) {
  return static_cast<double>(hits(ranking, k)) / k;
}

}  // namespace bascule::metrics
