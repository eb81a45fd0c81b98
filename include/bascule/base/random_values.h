#pragma once
// Which random number element e of a tensor gets: a pure function of (seed, stream, step, e), the
// same on every device, in every order.
//
//   key   words 0 and 1 of Philox4x32-10 with the key `seed` (low word first) and the counter
//         (stream low, stream high, 'draw', 'key ' as ASCII): RandomValues::key()
//   words Philox4x32-10 with that key and the counter (b low, b high, step low, step high) gives
//         the four words of block b = e / 4
//   uniform   of element e: (word[e % 4] >> 8) · 2⁻²⁴, in [0, 1): exact in float
//   normal    of elements 4b and 4b+1 from words 0 and 1, of 4b+2 and 4b+3 from words 2 and 3, by
//             Box and Muller: r = √(−2 ln((first + 1) · 2⁻³²)), θ = 2π · second · 2⁻³²; the even
//             element is r cos θ, the odd one r sin θ, in float64, then rounded
#include <bascule/base/random.h>

namespace bascule {

class RandomValues {
 public:
  constexpr RandomValues(std::uint64_t seed, std::uint64_t stream) : key_(make_key(seed, stream)) {}

  [[nodiscard]] constexpr std::array<std::uint32_t, 2> key() const { return key_; }
  /// The words of elements 4 · block … 4 · block + 3.
  [[nodiscard]] constexpr PhiloxBlock block(std::uint64_t block, std::uint64_t step) const {
    return philox4x32({low(block), high(block), low(step), high(step)}, key_);
  }
  [[nodiscard]] static constexpr float uniform(std::uint32_t word) {
    return static_cast<float>(word >> 8) * 0x1.0p-24F;
  }
  /// Of the pair's even element, or of its odd one.
  [[nodiscard]] static double normal(std::uint32_t first, std::uint32_t second, bool odd) {
    const double radius = std::sqrt(-2 * std::log((static_cast<double>(first) + 1) * 0x1.0p-32));
    const double angle = 2 * std::numbers::pi * (static_cast<double>(second) * 0x1.0p-32);
    return radius * (odd ? std::sin(angle) : std::cos(angle));
  }

 private:
  static constexpr std::uint32_t low(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
  static constexpr std::uint32_t high(std::uint64_t x) {
    return static_cast<std::uint32_t>(x >> 32);
  }
  static constexpr std::array<std::uint32_t, 2> make_key(std::uint64_t seed, std::uint64_t stream) {
    const PhiloxBlock words =
        philox4x32({low(stream), high(stream), 0x64726177, 0x6b657920}, {low(seed), high(seed)});
    return {words[0], words[1]};
  }

  std::array<std::uint32_t, 2> key_;
};

}  // namespace bascule
