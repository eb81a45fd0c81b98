#pragma once
// Sizes from outside are added and multiplied here, so that no product can wrap around unseen.
#include <cstdint>
#include <optional>

namespace bascule {

/// a * b, or nothing when it does not fit. Negative operands are refused.
inline std::optional<std::int64_t> checked_mul(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (a < 0 || b < 0 || __builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

/// a + b, or nothing when it does not fit. Negative operands are refused.
inline std::optional<std::int64_t> checked_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (a < 0 || b < 0 || __builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

}  // namespace bascule
