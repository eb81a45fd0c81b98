#pragma once
#include <cstdint>

#include <bascule/recsys/metrics/ranking.h>

namespace bascule::metrics {

/// precision@K: hits among the first k over k, also when the list is shorter. k >= 1.
double precision(const Ranking& ranking, std::int32_t k);

}  // namespace bascule::metrics
