#pragma once
#include <cstdint>

#include <bascule/recsys/metrics/ranking.h>

namespace bascule::metrics {

/// mrr@K: one over the rank (from 1) of the first hit among the first k; 0 without a hit. k >= 1.
double mrr(const Ranking& ranking, std::int32_t k);

}  // namespace bascule::metrics
