#pragma once
// The best of a score for every item.
#include <limits>
#include <span>
#include <vector>

#include <bascule/recsys/contract.h>

namespace bascule {

/// What an item that is no candidate scores.
inline constexpr float kNoCandidate = -std::numeric_limits<float>::infinity();

/// Keeps its working memory from call to call.
class TopSearch {
 public:
  /// The k best items, best first, ties to the lower index, without those that score kNoCandidate
  /// or are not a number. `ceiling`, if there is one, has +∞ for every candidate and kNoCandidate
  /// for every other item.
  void take(std::span<const float> scores, std::span<const float> ceiling, std::int32_t k,
            std::vector<Recommendation>& out);

 private:
  std::vector<float> maxima_, ranked_;
};

}  // namespace bascule
