#pragma once
// From gradients to new parameters, as nodes of the training graph.
#include <span>
#include <string>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/graph/graph.h>

namespace bascule::nn {

struct OptimizerOptions {
  std::string type = "sgd";
  double lr = 0.01;
  double momentum = 0.9;  ///< momentum, nesterov
  /// "torch": v' = µ v + g, the step is lr v'; "lasagne" or "keras": v' = µ v − lr g. They differ
  /// only while the learning rate changes.
  std::string style = "torch";
  double rho = 0.99;  ///< rmsprop
  double beta1 = 0.9, beta2 = 0.999;
  double epsilon = 1e-8;
  /// Added to the gradient times the parameter; adamw and lion shrink the parameter instead.
  double weight_decay = 0;
  double clip_norm = 0;   ///< all gradients together are scaled down to this norm; 0: not
  double clip_value = 0;  ///< every element is cut to ± this; 0: not
  /// Rows of tables that a step does not touch keep their weights and states (torch.optim.
  /// SparseAdam): of parameters whose gradient comes from gather_rows or sparse_matmul alone and is
  /// not clipped. Not of lion.
  bool lazy = false;
};

/// "sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw", "lion".
std::vector<std::string> optimizer_names();
/// The usual settings of a type (those of PyTorch); kUsage when there is none of this name.
Result<OptimizerOptions> optimizer_defaults(const std::string& type);

OptimizerOptions sgd(double lr);
OptimizerOptions momentum(double lr, double momentum = 0.9);
OptimizerOptions nesterov(double lr, double momentum = 0.9, std::string style = "torch");
OptimizerOptions adam(double lr = 0.001);
OptimizerOptions adamw(double lr = 0.001, double weight_decay = 0.01);

/// Appends the gradients of `loss` with respect to `parameters`, clipped as the options say, and
/// assigns the updated parameters and the optimizer's states ("optimizer.NAME.velocity", …). The
/// learning rate is the control variable "lr" (f32 scalar), the steps done before this one are
/// `step` (i64 scalar), one for all parameters unless several programs learn in turn; both are
/// written from outside. GraphError for an unknown type.
void minimize(Graph& graph, const Value& loss, std::span<const Value> parameters,
              const OptimizerOptions& options, const std::string& step = "step");

}  // namespace bascule::nn
