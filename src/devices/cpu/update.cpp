#include "devices/cpu/update.h"

#include <cmath>

namespace bascule::detail {

int update_states(UpdateRule rule) {
  switch (rule) {
    case UpdateRule::kSgd:
      return 0;
    case UpdateRule::kAdam:
    case UpdateRule::kDecayedAdam:
      return 2;
    default:
      return 1;
  }
}

UpdateParameters adam_parameters(const AdamSettings& settings, std::int64_t step) {
  const auto t = static_cast<double>(step);
  UpdateParameters p;
  p.lr = static_cast<float>(settings.lr / (1 - std::pow(settings.beta1, t)));
  p.decay = static_cast<float>(settings.decay);
  p.keep = static_cast<float>(1 - settings.lr * settings.decoupled_decay);
  p.momentum = static_cast<float>(settings.beta1);
  p.square = static_cast<float>(settings.beta2);
  p.root = static_cast<float>(1 / std::sqrt(1 - std::pow(settings.beta2, t)));
  p.epsilon = static_cast<float>(settings.epsilon);
  return p;
}

}  // namespace bascule::detail
