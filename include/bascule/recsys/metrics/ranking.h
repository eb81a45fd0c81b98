#pragma once
#include <span>

namespace bascule::metrics {

/// What the relevance metrics need to know of one user's list. A relevance is positive for a
/// relevant item (1 for all of them when relevance is binary) and 0 for any other.
struct Ranking {
  std::span<const float> ranked;    ///< relevance of the recommended items, best rank first
  std::span<const float> relevant;  ///< relevances of all relevant items, descending, not empty
};

}  // namespace bascule::metrics
