#pragma once
// The learning rate of each step, in float64 on the host.
#include <cstdint>
#include <string>
#include <vector>

namespace bascule::nn {

struct ScheduleOptions {
  std::string type = "constant";
  double gamma = 0.1;       ///< step: factor
  std::int64_t every = 30;  ///< step: epochs between two factors
  double minimum = 0;       ///< cosine: the last learning rate
  double rise = 0.3;        ///< one_cycle: share of the steps in which it rises
  double start_divisor = 25;
  double end_divisor = 1e4;  ///< one_cycle: the last rate is lr / start_divisor / end_divisor
  /// Any schedule: the rate is multiplied by min(1, (step + 1) / warm-up steps).
  double warmup_epochs = 0;
};

/// "constant", "step", "cosine", "one_cycle".
std::vector<std::string> schedule_names();

/// Where training stands.
struct SchedulePosition {
  std::int64_t step = 0;  ///< steps done, over all epochs
  std::int64_t steps_per_epoch = 1;
  std::int64_t epochs = 1;  ///< in all
};

/// constant   lr
/// step       lr γ^⌊epoch / every⌋ (PyTorch's StepLR, once an epoch)
/// cosine     minimum + (lr − minimum)(1 + cos(π step / steps)) / 2 (CosineAnnealingLR, every step;
///            I. Loshchilov, F. Hutter, "SGDR", ICLR 2017, equation 5)
/// one_cycle  OneCycleLR with cosine annealing (L. Smith, N. Topin, 2018): from lr / start_divisor
///            up to lr, then down
double learning_rate(const ScheduleOptions& schedule, double lr, const SchedulePosition& at);

}  // namespace bascule::nn
