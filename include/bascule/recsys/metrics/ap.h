#pragma once
#include <cstdint>

#include <bascule/recsys/metrics/ranking.h>

namespace bascule::metrics {

/// map@K: the sum, over the hits among the first k, of the precision down to that hit, over
/// min(k, |relevant|). The mean over users is the MAP. k >= 1.
double average_precision(const Ranking& ranking, std::int32_t k);

/// ap_k@K: the same sum over k, the formula of the Mult-VAE case study. It stays below 1 where a
/// user has fewer than k relevant items.
double average_precision_over_k(const Ranking& ranking, std::int32_t k);

}  // namespace bascule::metrics
