#pragma once
// The graphs of one training step and of one evaluation step. Inputs are "x" and "y". What is
// averaged over an epoch is summed on the device, in control variables that are read now and then.
#include <string_view>
#include <vector>

#include <bascule/nn/trainer.h>

namespace bascule::nn {

/// What "y" is.
struct TargetForm {
  bool classes = true;     ///< i32 [batch]; else f32 [batch, width]
  std::int64_t width = 0;  ///< of targets that are no classes
};
TargetForm target_form(const LabelledData& part);

inline constexpr std::string_view kLossSum = "sums.loss";
inline constexpr std::string_view kCorrectSum = "sums.correct";
inline constexpr std::string_view kSquaredSum = "sums.squared_error";
inline constexpr std::string_view kAbsoluteSum = "sums.absolute_error";

/// Adds Σ per_sample to the control variable `name` with every step.
void add_to_sum(Graph& graph, std::string_view name, const Value& per_sample);

/// GraphError when model, loss, optimizer and target do not fit.
Graph training_graph(const Network& network, std::int64_t batch, TargetForm target,
                     const FitOptions& options);
Graph evaluation_graph(const Network& network, std::int64_t batch, TargetForm target,
                       const Loss& loss);
/// The sums that an evaluation step adds to, with the names of their means as metrics.
std::vector<std::pair<std::string_view, std::string>> evaluation_sums(TargetForm target);

}  // namespace bascule::nn
