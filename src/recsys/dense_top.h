#pragma once
// The best of a score for every item.
#include <limits>
#include <span>
#include <vector>

#include <bascule/recsys/contract.h>

namespace bascule {

/// What an item that is no candidate scores.
inline constexpr float kNoCandidate = -std::numeric_limits<float>::infinity();

/// The k best items, best first, ties to the lower index, without those that score kNoCandidate or
/// are not a number.
void take_top(std::span<const float> scores, std::int32_t k, std::vector<Recommendation>& out);

}  // namespace bascule
