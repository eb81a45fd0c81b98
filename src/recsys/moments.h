#pragma once
#include <cmath>
#include <cstdint>
#include <optional>

namespace bascule {

/// Count, mean and spread of a stream of numbers, by updates that do not cancel (B. Welford 1962);
/// parts are merged by the rule of T. Chan, G. Golub, R. LeVeque 1979.
struct Moments {
  std::int64_t count = 0;
  double mean = 0;
  double squares = 0;  ///< sum of squared distances from the mean

  void add(double x) {
    ++count;
    const double distance = x - mean;
    mean += distance / static_cast<double>(count);
    squares += distance * (x - mean);
  }

  void merge(const Moments& other) {
    if (other.count == 0) return;
    const auto n = static_cast<double>(count), m = static_cast<double>(other.count);
    const double distance = other.mean - mean;
    mean += distance * m / (n + m);
    squares += other.squares + distance * distance * n * m / (n + m);
    count += other.count;
  }

  /// Sample standard deviation over sqrt(count); nothing for fewer than two numbers.
  [[nodiscard]] std::optional<double> standard_error() const {
    if (count < 2) return std::nullopt;
    return std::sqrt(squares / static_cast<double>(count - 1) / static_cast<double>(count));
  }
};

}  // namespace bascule
