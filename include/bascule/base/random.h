#pragma once
// Counter-based random numbers: a value is a pure function of (seed, stream, index), so results do
// not depend on the order of evaluation, the number of threads or the device.
// Philox4x32-10: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel Random Numbers: As Easy as
// 1, 2, 3", SC 2011.
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>

namespace bascule {

using PhiloxBlock = std::array<std::uint32_t, 4>;

/// Ten rounds of Philox4x32 on one counter.
constexpr PhiloxBlock philox4x32(PhiloxBlock counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {
        static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(p1),
        static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(p0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

/// A family of random values addressed by index.
class Philox {
 public:
  /// `stream` separates independent uses of one seed (one per op, split, generator …).
  constexpr explicit Philox(std::uint64_t seed, std::uint64_t stream = 0)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
        stream_(stream) {}

  /// Four 32-bit words for this index.
  [[nodiscard]] constexpr PhiloxBlock block(std::uint64_t index) const {
    return philox4x32(
        {static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
         static_cast<std::uint32_t>(stream_), static_cast<std::uint32_t>(stream_ >> 32)},
        key_);
  }
  [[nodiscard]] constexpr std::uint32_t bits(std::uint64_t index) const { return block(index)[0]; }
  /// Uniform in [0, 1), 53 bits.
  [[nodiscard]] constexpr double uniform(std::uint64_t index) const {
    const PhiloxBlock b = block(index);
    const std::uint64_t word = (std::uint64_t{b[0]} << 32) | b[1];
    return static_cast<double>(word >> 11) * 0x1.0p-53;
  }
  /// Uniform integer in [0, bound), bound > 0, by multiplication of 64 random bits.
  [[nodiscard]] constexpr std::uint64_t below(std::uint64_t index, std::uint64_t bound) const {
    const PhiloxBlock b = block(index);
    const std::uint64_t word = (std::uint64_t{b[0]} << 32) | b[1];
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(word) * bound) >> 64);
  }
  /// Standard normal (Box–Muller, cosine branch).
  [[nodiscard]] double normal(std::uint64_t index) const {
    const PhiloxBlock b = block(index);
    const std::uint64_t w0 = (std::uint64_t{b[0]} << 32) | b[1];
    const std::uint64_t w1 = (std::uint64_t{b[2]} << 32) | b[3];
    const double u0 = (static_cast<double>(w0 >> 11) + 1.0) * 0x1.0p-53;  // (0, 1]
    const double u1 = static_cast<double>(w1 >> 11) * 0x1.0p-53;
    return std::sqrt(-2.0 * std::log(u0)) * std::cos(2.0 * std::numbers::pi * u1);
  }

  /// Fisher–Yates over `values`, drawing indices first, first+1, … of this stream.
  template <class T>
  void shuffle(std::span<T> values, std::uint64_t first = 0) const {
    for (std::size_t i = values.size(); i > 1; --i) {
      std::swap(values[i - 1], values[below(first++, i)]);
    }
  }

 private:
  std::array<std::uint32_t, 2> key_;
  std::uint64_t stream_;
};

}  // namespace bascule
