#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bascule/base/config.h>
#include <bascule/graph/ops.h>
#include <bascule/nn/loss.h>

#include "nn/layers/layer_types.h"

namespace bascule::nn {
namespace {

/// Keras' backend epsilon.
constexpr double kClip = 1e-7;

std::int64_t outputs(const Value& output) {
  return sample_shape(output).count();
}

Value mean_per_sample(const Value& elements) {
  return mean(flatten_samples(elements), {1});
}

Value sum_per_sample(const Value& elements) {
  return sum(elements, {1});
}

/// log of the probabilities, [M, C].
Value log_probabilities(const Activated& output) {
  if (output.after.shape().rank() != 2)
    throw GraphError("cross_entropy", fmt::format("an output of {} is no row of classes per sample",
                                                  output.after.shape().to_string()));
  if (output.name == "softmax" || output.name == "linear") return log_softmax(output.before);
  if (output.name == "log_softmax") return output.after;
  if (output.name != "sigmoid")
    throw GraphError(
        "cross_entropy",
        fmt::format("wants softmax, sigmoid or no activation at the end, not {}", output.name));
  const Value share = output.after / sum(output.after, {1}, true);
  return log(clip(share, kClip, 1 - kClip));
}

/// Factors of the samples of each class, [M, 1].
Value sample_weights(const std::vector<double>& class_weights, const Value& labels) {
  std::vector<Value> rows;
  rows.reserve(class_weights.size());
  for (const double weight : class_weights)
    rows.push_back(labels.graph().constant(weight, f32({1, 1})));
  return gather_rows(bascule::concat(rows, 0), labels);
}

Value cross_entropy_loss(const LossOptions& options, const Activated& output, const Value& target) {
  const Value log_p = log_probabilities(output);
  const std::int64_t classes = log_p.shape()[1];
  const bool sparse = target.dtype() == DType::kI32;
  Value loss = sparse ? negate(pick(log_p, target)) : negate(sum_per_sample(target * log_p));
  const double s = options.label_smoothing;
  if (s > 0) loss = scale(loss, 1 - s) + scale(negate(mean(log_p, {1})), s);
  if (options.class_weights.empty()) return loss;
  if (static_cast<std::int64_t>(options.class_weights.size()) != classes)
    throw GraphError("cross_entropy", fmt::format("{} class weights for {} classes",
                                                  options.class_weights.size(), classes));
  const Value labels = sparse ? target : argmax(target);
  return loss * bascule::reshape(sample_weights(options.class_weights, labels), loss.shape());
}

Value binary_loss(const Activated& output, const Value& target) {
  const Value y = dense_target(output.after, target);
  if (output.name == "sigmoid" || output.name == "linear")
    return mean_per_sample(softplus(output.before) - output.before * y);
  const Value p = clip(output.after, kClip, 1 - kClip);
  return negate(mean_per_sample(y * log(p) + offset(negate(y), 1) * log(offset(negate(p), 1))));
}

Value difference(const Activated& output, const Value& target) {
  return output.after - dense_target(output.after, target);
}

/// |d| ≤ δ: d²/2, else δ(|d| − δ/2); that is c(|d| − c/2) with c = min(|d|, δ).
Value huber_loss(double delta, const Activated& output, const Value& target) {
  const Value size = abs(difference(output, target));
  const Value cut = clip(size, 0, delta);
  return mean_per_sample(cut * (size - scale(cut, 0.5)));
}

}  // namespace

std::vector<std::string> loss_names() {
  return {"sparse_cross_entropy", "cross_entropy", "binary_cross_entropy", "mse", "mae", "huber"};
}

Result<Loss> make_loss(const LossOptions& options) {
  if (!(options.delta > 0)) return Error{Code::kUsage, "huber: delta must be above 0"};
  if (!(options.label_smoothing >= 0 && options.label_smoothing < 1))
    return Error{Code::kUsage, "label_smoothing must be at least 0 and below 1"};
  if (options.name == "sparse_cross_entropy" || options.name == "cross_entropy")
    return cross_entropy(options);
  if (options.label_smoothing > 0 || !options.class_weights.empty())
    return Error{Code::kUsage, "label_smoothing and class_weights belong to cross-entropies"};
  if (options.name == "binary_cross_entropy") return binary_cross_entropy();
  if (options.name == "mse") return mse();
  if (options.name == "mae") return mae();
  if (options.name == "huber") return huber(options.delta);
  const auto near = nearest_word(options.name, loss_names());
  return Error{Code::kUsage, fmt::format("unknown loss {}{}", options.name,
                                         near ? fmt::format("; did you mean {}?", *near) : "")};
}

Loss cross_entropy(const LossOptions& options) {
  return {options.name, [options](const Activated& output, const Value& target) {
            return cross_entropy_loss(options, output, target);
          }};
}

Loss binary_cross_entropy() {
  return {"binary_cross_entropy", binary_loss};
}

Loss mse() {
  return {"mse", [](const Activated& output, const Value& target) {
            return mean_per_sample(square(difference(output, target)));
          }};
}

Loss mae() {
  return {"mae", [](const Activated& output, const Value& target) {
            return mean_per_sample(abs(difference(output, target)));
          }};
}

Loss huber(double delta) {
  return {"huber", [delta](const Activated& output, const Value& target) {
            return huber_loss(delta, output, target);
          }};
}

Value dense_target(const Value& output, const Value& target) {
  if (target.dtype() != DType::kI32) {
    if (target.shape() == output.shape()) return target;
    if (target.shape().count() != output.shape().count())
      throw GraphError("loss", fmt::format("the output is {}, the target {}",
                                           output.shape().to_string(), target.shape().to_string()));
    return bascule::reshape(target, output.shape());
  }
  const std::int64_t classes = outputs(output);
  return bascule::reshape(classes == 1 ? cast(target, DType::kF32) : one_hot(target, classes),
                          output.shape());
}

Value is_correct(const Activated& output, const Value& target) {
  const bool sparse = target.dtype() == DType::kI32;
  const bool logits = output.name == "sigmoid" || output.name == "softmax";
  const Value& scores = logits ? output.before : output.after;  // of the same order, and cheaper
  const Value rows = flatten_samples(scores);
  const std::int64_t batch = rows.shape()[0];
  if (outputs(scores) == 1) {
    const double half = output.name == "sigmoid" || output.name == "linear" ? 0 : 0.5;
    const Value threshold = rows.graph().constant(half, f32({}));
    const Value wanted = sparse ? cast(target, DType::kF32) : target;
    return equal(bascule::reshape(greater(rows, threshold), {batch}),
                 bascule::reshape(wanted, {batch}));
  }
  const Value labels = sparse ? target : argmax(flatten_samples(target));
  return equal(cast(argmax(rows), DType::kF32), cast(labels, DType::kF32));
}

}  // namespace bascule::nn
