#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include <bascule/run/search_space.h>

namespace bascule::detail {

/// A point as places in the ranges.
using Places = std::vector<double>;

/// Random numbers in the order in which they are asked for, of one trial.
class TrialRandom {
 public:
  TrialRandom(std::uint64_t seed, std::uint64_t trial) : seed_(seed), trial_(trial) {}
  /// In [0, 1).
  double uniform();
  double normal();

 private:
  std::uint64_t seed_, trial_, drawn_ = 0;
};

/// A density over a space: the mean of a kernel around each point and of the uniform density. Along
/// numbers a kernel is a normal distribution cut off at the ends of the range; among choices it
/// prefers its own.
class Parzen {
 public:
  Parzen(const SearchSpace& space, std::vector<Places> points);
  [[nodiscard]] double density(const Places& at) const;
  [[nodiscard]] Places draw(TrialRandom& random) const;

 private:
  [[nodiscard]] double kernel(std::size_t dimension, double center, double at) const;
  [[nodiscard]] double draw(std::size_t dimension, double center, TrialRandom& random) const;

  const SearchSpace* space_;
  std::vector<Places> points_;
  double width_;  ///< of kernels along numbers
  double stray_;  ///< share of a kernel that is spread over all choices alike
};

}  // namespace bascule::detail
