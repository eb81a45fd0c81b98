#include <algorithm>
#include <cmath>
#include <numbers>

#include <bascule/nn/schedule.h>

namespace bascule::nn {
namespace {

double cosine(double from, double to, double share) {
  return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * share));
}

/// PyTorch's phases: the rise ends at step rise · steps − 1, the fall at steps − 1.
double one_cycle(const ScheduleOptions& schedule, double lr, double step, double steps) {
  const double first = lr / schedule.start_divisor;
  const double peak = schedule.rise * steps - 1, last = steps - 1;
  if (step <= peak) return peak > 0 ? cosine(first, lr, step / peak) : lr;
  const double share = last > peak ? std::min(1.0, (step - peak) / (last - peak)) : 1.0;
  return cosine(lr, first / schedule.end_divisor, share);
}

}  // namespace

std::vector<std::string> schedule_names() {
  return {"constant", "step", "cosine", "one_cycle"};
}

double learning_rate(const ScheduleOptions& schedule, double lr, const SchedulePosition& at) {
  const double step = static_cast<double>(at.step);
  const double steps = static_cast<double>(at.steps_per_epoch) * static_cast<double>(at.epochs);
  double rate = lr;
  if (schedule.type == "step") {
    const std::int64_t epoch = at.step / at.steps_per_epoch;
    const std::int64_t factors = epoch / schedule.every;
    rate = lr * std::pow(schedule.gamma, static_cast<double>(factors));
  } else if (schedule.type == "cosine") {
    rate = cosine(lr, schedule.minimum, std::min(1.0, step / steps));
  } else if (schedule.type == "one_cycle") {
    rate = one_cycle(schedule, lr, step, steps);
  }
  const double warmup = schedule.warmup_epochs * static_cast<double>(at.steps_per_epoch);
  return warmup > 0 ? rate * std::min(1.0, (step + 1) / warmup) : rate;
}

}  // namespace bascule::nn
