#pragma once
// Whether the steps of a program are faster on all threads or on one. Results do not depend on it,
// so it is found out by trying: what one core wrote the other has to fetch, and a step of some tens
// of microseconds can lose more by that than it wins.
#include <array>

namespace bascule {

/// Takes turns between the two ways, stays with the faster one, and looks again later, as machines
/// and their other users change: the sooner, the less a trial costs.
class StepPace {
 public:
  /// Whether the next step is to be on the calling thread alone.
  [[nodiscard]] bool alone() const { return alone_; }
  /// Takes the duration of the step that followed.
  void note(double seconds);
  /// Whether steps are so long that nothing is tried any more: all threads, without note().
  [[nodiscard]] bool settled() const { return settled_; }

  static constexpr int kTrial = 9;  ///< steps of a trial, whose median counts
  /// The next trial comes when the last one is this share of the time since then, in steps at least
  /// and at most so many.
  static constexpr double kTrialShare = .01;
  static constexpr double kLeastStay = 64, kLongestStay = 8192;
  /// All threads have to win so much; where they do not, the others serve somebody else better.
  static constexpr double kGain = 1.05;
  static constexpr double kLongSeconds = 5e-3;  ///< of a step that is worth no trial

 private:
  enum class Phase { kPool, kAlone, kStay };
  void begin(Phase phase, bool alone);
  [[nodiscard]] double median();

  Phase phase_ = Phase::kPool;
  bool alone_ = false, settled_ = false;
  int count_ = 0, stay_ = 0;
  double pool_seconds_ = 0;
  std::array<double, kTrial> seconds_ = {};
};

}  // namespace bascule
