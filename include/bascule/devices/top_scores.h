#pragma once
// Rows of scores, searched on the CPU by one thread.
#include <cstdint>
#include <span>

namespace bascule {

/// Scores are cut into blocks of `depth` · kStrands, and each block into kStrands strands, of which
/// strand j has every score whose place is j modulo kStrands.
inline constexpr std::int64_t kStrands = 16;
inline std::int64_t strand_count(std::int64_t scores, std::int64_t depth) {
  return (scores + depth * kStrands - 1) / (depth * kStrands) * kStrands;
}

/// The greatest score of every strand, strand_count() of them; −∞ for one without scores. A score
/// counts as its ceiling where that is lower (no ceilings: as it is), and as −∞ if it is not a
/// number. depth > 0.
void strand_maxima(std::span<const float> scores, std::span<const float> ceiling,
                   std::int64_t depth, std::span<float> maxima);

}  // namespace bascule
