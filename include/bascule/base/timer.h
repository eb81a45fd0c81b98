#pragma once
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace bascule {

/// Seconds since construction or the last restart, by the monotonic clock.
class Stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(Clock::now() - start_).count();
  }
  /// Seconds so far; starts again from now.
  double restart() {
    const double elapsed = seconds();
    start_ = Clock::now();
    return elapsed;
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

/// Named durations in the order in which the stages ran.
using StageTimes = std::vector<std::pair<std::string, double>>;

}  // namespace bascule
