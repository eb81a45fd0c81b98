#include "run/step_pace.h"

#include <algorithm>

namespace bascule {

void StepPace::begin(Phase phase, bool alone) {
  phase_ = phase;
  alone_ = alone;
  count_ = 0;
}

double StepPace::median() {
  const auto middle = seconds_.begin() + kTrial / 2;
  std::nth_element(seconds_.begin(), middle, seconds_.end());
  return *middle;
}

void StepPace::note(double seconds) {
  if (settled_) return;
  if (phase_ == Phase::kStay) {
    if (++count_ == stay_) begin(Phase::kPool, false);
    return;
  }
  seconds_[static_cast<std::size_t>(count_)] = seconds;
  if (++count_ < kTrial) return;
  if (phase_ == Phase::kPool) {
    pool_seconds_ = median();
    settled_ = pool_seconds_ > kLongSeconds;
    if (!settled_) begin(Phase::kAlone, true);
    return;
  }
  const double alone_seconds = median();
  const bool alone = alone_seconds < pool_seconds_ * kGain;
  const auto [better, worse] = std::minmax(alone_seconds, pool_seconds_);
  const double cost = kTrial * (worse - better) / better;
  stay_ = static_cast<int>(std::clamp(cost / kTrialShare, kLeastStay, kLongestStay));
  begin(Phase::kStay, alone);
}

}  // namespace bascule
