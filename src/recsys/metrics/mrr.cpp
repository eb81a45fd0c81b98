#include <bascule/recsys/metrics/mrr.h>

#include "recsys/metrics/hits.h"

namespace bascule::metrics {

double mrr(const Ranking& ranking, std::int32_t k) {
  const auto list = top(ranking, k);
  const auto hit = std::find_if(list.begin(), list.end(), [](float r) { return r > 0; });
  return hit == list.end() ? 0 : 1.0 / static_cast<double>(hit - list.begin() + 1);
}

}  // namespace bascule::metrics
