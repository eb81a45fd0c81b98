#pragma once
#include <cstdint>

#include <bascule/recsys/metrics/ranking.h>

namespace bascule::metrics {

/// recall@K: hits among the first k over min(k, |relevant|), so that 1 can always be reached
/// (Liang et al., WWW 2018). k >= 1.
double recall(const Ranking& ranking, std::int32_t k);

}  // namespace bascule::metrics
