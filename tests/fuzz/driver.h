#pragma once
// What the fuzz drivers share: a stream of random numbers, arguments, the loop over cases, and how
// a case that fails or hangs is named so that it can be repeated.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace bascule::fuzz {

/// SplitMix64 (Steele, Lea, Flood 2014): a stream from one word.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  /// 0 … n − 1; 0 when n is 0.
  std::size_t below(std::size_t n) { return n == 0 ? 0 : next() % n; }

 private:
  std::uint64_t state_;
};

/// Makes one case and judges it: what is wrong, empty when nothing is.
using Case = std::function<std::string(Random& random)>;

/// Runs cases as the arguments [--count N] [--seed S] [--only I] say; a case depends on S and its
/// number alone. Stops at the first that is wrong or takes longer than 20 s, with the arguments
/// that repeat it on stderr. The last line on stdout is "N `done`". Returns the exit status.
int run(int argc, char** argv, std::string_view done, const Case& one);

}  // namespace bascule::fuzz
