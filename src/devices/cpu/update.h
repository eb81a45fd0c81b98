#pragma once
// Rules that turn a gradient into new weights, element by element.
#include <cstdint>

namespace bascule::detail {

/// g is the gradient plus decay · w in all but one of them; v and m are states that start at zero.
enum class UpdateRule {
  kSgd,             ///< w' = w − lr g
  kMomentum,        ///< v' = μ v + g, w' = w − lr v' (PyTorch)
  kNesterov,        ///< the same v', w' = w − lr (g + μ v')
  kScaledMomentum,  ///< v' = μ v − lr g, w' = w + v' (Lasagne, Keras)
  kScaledNesterov,  ///< the same v', w' = w + μ v' − lr g
  kRmsProp,         ///< v' = ρ v + (1 − ρ) g², w' = w − lr g / (√v' + ε)
  kAdam,            ///< Kingma & Ba, algorithm 1; no decay
  kDecayedAdam,     ///< the same with decay, and with keep · w in place of w (AdamW)
};
inline constexpr int kUpdateRules = 8;

/// How many state arrays a rule has (0, 1 or 2).
int update_states(UpdateRule rule);

/// What a step needs, computed once for all weights. ε must be positive: padding has g = v = 0.
struct UpdateParameters {
  float lr = 0;        ///< of Adam: lr / (1 − β₁ᵗ)
  float decay = 0;     ///< added to the gradient as decay · w
  float keep = 1;      ///< of kDecayedAdam: 1 − lr · decoupled decay
  float momentum = 0;  ///< μ; of Adam β₁
  float square = 0;    ///< ρ or β₂
  float root = 1;      ///< of Adam: 1 / √(1 − β₂ᵗ)
  float epsilon = 0;   ///< added outside the root
};

struct AdamSettings {
  double lr = 1e-3, beta1 = .9, beta2 = .999, epsilon = 1e-8;
  double decay = 0;            ///< L2, into the gradient
  double decoupled_decay = 0;  ///< AdamW: w is first scaled by 1 − lr · this
};
/// `step` counts from 1.
UpdateParameters adam_parameters(const AdamSettings& settings, std::int64_t step);

/// Arrays that an update changes in place; states that the rule lacks are not read.
struct UpdateTarget {
  UpdateRule rule = UpdateRule::kSgd;
  UpdateParameters parameters;
  float* weights = nullptr;
  float* states[2] = {nullptr, nullptr};  ///< v; or m and v of Adam
};

}  // namespace bascule::detail
