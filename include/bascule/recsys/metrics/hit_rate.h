#pragma once
#include <cstdint>

#include <bascule/recsys/metrics/ranking.h>

namespace bascule::metrics {

/// hit_rate@K: 1 when there is a hit among the first k, else 0. k >= 1.
double hit_rate(const Ranking& ranking, std::int32_t k);

}  // namespace bascule::metrics
