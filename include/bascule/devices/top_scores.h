#pragma once
// Rows of scores, searched on the CPU by one thread.
#include <cstdint>
#include <span>

namespace bascule {

/// The first i >= begin with scores[i] > bar, or scores.size(). What is not a number is above
/// nothing.
std::int64_t first_above(std::span<const float> scores, std::int64_t begin, float bar);

}  // namespace bascule
