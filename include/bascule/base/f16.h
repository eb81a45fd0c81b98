#pragma once
#include <bit>
#include <cstdint>

namespace bascule {

/// IEEE 754's binary16: 5 bits of exponent, 11 bits of precision; at most 65,504. Rounds to nearest
/// even, what is greater to infinity.
struct F16 {
  std::uint16_t bits = 0;

  F16() = default;
  constexpr explicit F16(float value) {
    const auto word = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t size = word & 0x7FFFFFFF;
    bits = static_cast<std::uint16_t>(((word >> 16) & 0x8000) | rounded(size));
  }
  constexpr explicit operator float() const {
    const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000) << 16;
    const std::uint32_t exponent = (bits >> 10) & 0x1F, fraction = bits & 0x3FF;
    std::uint32_t size = ((exponent + 112) << 23) | (fraction << 13);
    if (exponent == 0x1F) size = 0x7F800000 | (fraction << 13);
    // Below the least power of two the steps are equal: 2⁻²⁴.
    if (exponent == 0) size = std::bit_cast<std::uint32_t>(static_cast<float>(fraction) * 0x1p-24F);
    return std::bit_cast<float>(sign | size);
  }

 private:
  /// Of the bits of a float without its sign.
  static constexpr std::uint32_t rounded(std::uint32_t size) {
    if (size > 0x7F800000) return 0x7E00 | ((size >> 13) & 0x3FF);  // NaN, and quiet
    if (size >= 0x477FF000) return 0x7C00;                          // 65,520 and more
    // Where steps are 2⁻²⁴, as those of floats from a half on are, the addition rounds.
    if (size < 0x38800000)
      return std::bit_cast<std::uint32_t>(std::bit_cast<float>(size) + 0.5F) - 0x3F000000;
    return (size - 0x38000000 + 0xFFF + ((size >> 13) & 1)) >> 13;
  }
};

}  // namespace bascule
