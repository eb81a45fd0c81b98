#include "run/halton.h"

#include <array>
#include <cassert>
#include <numeric>
#include <utility>

#include <bascule/base/random_values.h>

namespace bascule::detail {
namespace {

constexpr std::uint64_t kStream = 0x68616c746f6e;
constexpr std::array<std::uint32_t, 32> kPrimes = {2,  3,  5,  7,   11,  13,  17,  19,  23,  29, 31,
                                                   37, 41, 43, 47,  53,  59,  61,  67,  71,  73, 79,
                                                   83, 89, 97, 101, 103, 107, 109, 113, 127, 131};
/// Digits beyond it are left out: they would be random, and too small to matter.
constexpr double kSmallest = 0x1.0p-40;

/// What digit becomes of digit 0, 1, … at this place of this dimension.
std::vector<std::uint32_t> permutation(std::uint32_t base, std::size_t dimension,
                                       std::uint64_t place, const RandomValues& random) {
  std::vector<std::uint32_t> digits(base);
  std::iota(digits.begin(), digits.end(), 0U);
  for (std::uint32_t last = base - 1; last > 0; --last) {
    const std::uint64_t word = random.block(last, dimension << 32U | place)[0];
    std::swap(digits[last], digits[word * (last + 1) >> 32U]);
  }
  return digits;
}

}  // namespace

std::vector<double> halton_point(std::uint64_t index, std::size_t dimensions, std::uint64_t seed) {
  assert(dimensions <= kPrimes.size());
  const RandomValues random(seed, kStream);
  std::vector<double> point(dimensions);
  for (std::size_t d = 0; d < dimensions; ++d) {
    const std::uint32_t base = kPrimes[d];
    double weight = 1.0 / base;
    std::uint64_t rest = index;
    for (std::uint64_t place = 0; weight > kSmallest; ++place) {
      point[d] += weight * permutation(base, d, place, random)[rest % base];
      weight /= base;
      rest /= base;
    }
  }
  return point;
}

}  // namespace bascule::detail
