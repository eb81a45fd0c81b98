#pragma once
#include <bit>
#include <cstdint>

namespace bascule {

/// The upper half of a float: 8 bits of exponent, 8 bits of precision. Rounds to nearest even.
struct Bf16 {
  std::uint16_t bits = 0;

  Bf16() = default;
  constexpr explicit Bf16(float value) {
    const auto word = std::bit_cast<std::uint32_t>(value);
    const bool nan = (word & 0x7FFFFFFF) > 0x7F800000;
    // A NaN keeps its sign and stays quiet: rounding could turn it into an infinity.
    bits = static_cast<std::uint16_t>(nan ? (word >> 16) | 0x0040
                                          : (word + 0x7FFF + ((word >> 16) & 1)) >> 16);
  }
  constexpr explicit operator float() const {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
  }
};

}  // namespace bascule
