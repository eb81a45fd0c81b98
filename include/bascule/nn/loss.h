#pragma once
// What training minimises: a loss per sample, averaged over the batch.
//
// Where the last activation and the loss belong together (softmax or none with cross-entropy,
// sigmoid or none with binary cross-entropy), the loss is built on what went into the activation,
// by log_softmax and softplus, and no exponential can overflow. A sigmoid output with
// cross-entropy is computed as Keras does it: p / Σp, clipped to [1e-7, 1 − 1e-7], −log.
#include <functional>
#include <string>
#include <vector>

#include <bascule/nn/layer.h>

namespace bascule::nn {

/// From the model's output and the target to the loss of each sample, [M]. The target is i32 [M]
/// (classes) or f32 [M, …].
using LossFunction = std::function<Value(const Activated& output, const Value& target)>;

struct Loss {
  std::string name;
  LossFunction build;
};

struct LossOptions {
  std::string name = "sparse_cross_entropy";
  double delta = 1;            ///< of huber: where the square turns into a line
  double label_smoothing = 0;  ///< of cross-entropies: this share goes to all classes alike
  /// One factor for each class, on the loss of its samples; empty: 1. The batch's mean still
  /// divides by the number of samples, as in Keras.
  std::vector<double> class_weights = {};
};

/// "sparse_cross_entropy", "cross_entropy", "binary_cross_entropy", "mse", "mae", "huber".
std::vector<std::string> loss_names();
/// kUsage for an unknown name or an option out of range.
Result<Loss> make_loss(const LossOptions& options);

/// Both cross-entropies take classes or a distribution over them, [M, C].
Loss cross_entropy(const LossOptions& options = {});
/// Mean over the outputs of −y log p − (1 − y) log(1 − p).
Loss binary_cross_entropy();
Loss mse();
Loss mae();
/// P. Huber, 1964: d²/2 up to `delta`, then delta (|d| − delta/2); mean over the outputs.
Loss huber(double delta = 1);

/// 1 for each sample whose class is predicted, else 0: [M]. The class is the largest output, or,
/// with a single output, whether it says more than one half.
Value is_correct(const Activated& output, const Value& target);
/// The target in the shape of the output: classes become one-hot rows (a single output: 0 or 1).
Value dense_target(const Value& output, const Value& target);

}  // namespace bascule::nn
