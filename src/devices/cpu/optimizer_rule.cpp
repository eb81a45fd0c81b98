#include "devices/cpu/optimizer_rule.h"

#include <algorithm>
#include <limits>

namespace bascule::detail {
namespace {

/// Without an ε, padding would divide zero by zero.
double positive(double epsilon) {
  return std::max(epsilon, double{std::numeric_limits<float>::min()});
}

UpdateRule momentum_rule(const Attributes& attributes) {
  const bool nesterov = attributes.flag("nesterov");
  if (attributes.flag("scaled"))
    return nesterov ? UpdateRule::kScaledNesterov : UpdateRule::kScaledMomentum;
  return nesterov ? UpdateRule::kNesterov : UpdateRule::kMomentum;
}

}  // namespace

UpdateParameters OptimizerRule::at(float lr, std::int64_t step) const {
  if (rule == UpdateRule::kAdam || rule == UpdateRule::kDecayedAdam) {
    AdamSettings settings = adam;
    settings.lr = double{lr};
    return adam_parameters(settings, step + 1);
  }
  UpdateParameters all = parameters;
  all.lr = lr;
  return all;
}

std::optional<OptimizerRule> optimizer_rule(std::string_view op, const Attributes& attributes) {
  OptimizerRule result;
  const auto number = [&](std::string_view name) { return attributes.number(name); };
  if (op == "sgd_update") {
    result.rule = UpdateRule::kSgd;
  } else if (op == "momentum_update") {
    result.rule = momentum_rule(attributes);
    result.parameters.momentum = static_cast<float>(number("momentum"));
  } else if (op == "rmsprop_update") {
    result.rule = UpdateRule::kRmsProp;
    result.parameters.square = static_cast<float>(number("rho"));
    result.parameters.epsilon = static_cast<float>(positive(number("epsilon")));
  } else if (op == "adam_update") {
    const bool decays = number("decay") != 0 || number("decoupled_decay") != 0;
    result.rule = decays ? UpdateRule::kDecayedAdam : UpdateRule::kAdam;
    result.adam = {0,
                   number("beta1"),
                   number("beta2"),
                   positive(number("epsilon")),
                   number("decay"),
                   number("decoupled_decay")};
  } else {
    return std::nullopt;
  }
  result.parameters.decay = static_cast<float>(number("decay"));
  return result;
}

}  // namespace bascule::detail
