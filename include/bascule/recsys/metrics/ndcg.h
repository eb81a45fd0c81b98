#pragma once
#include <cstdint>

#include <bascule/recsys/metrics/ranking.h>

namespace bascule::metrics {

/// ndcg@K: discounted cumulative gain of the first k over that of the best list of k items. Gain is
/// 2^relevance - 1, the discount of rank r (from 1) is 1 / log2(r + 1). K. Järvelin, J. Kekäläinen,
/// "Cumulated gain-based evaluation of IR techniques", TOIS 2002, with the exponential gain of
/// C. Burges et al., ICML 2005. k >= 1.
double ndcg(const Ranking& ranking, std::int32_t k);

/// ndcg_full@K: the same over the gain of all relevant items in the best order, also those beyond
/// rank k (the formula of the Mult-VAE case study).
double ndcg_full(const Ranking& ranking, std::int32_t k);

}  // namespace bascule::metrics
