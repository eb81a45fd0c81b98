#include "nn/step_graphs.h"

#include <bascule/graph/ops.h>

#include "nn/layers/layer_types.h"

namespace bascule::nn {
namespace {

struct Forward {
  Value target;
  Activated output;
  Value losses;  // of each sample
};

Forward forward(BuildContext& context, const Network& network, std::int64_t batch, TargetForm form,
                const Loss& loss) {
  Graph& graph = context.graph();
  const Value x = graph.input("x", f32(batch_shape(batch, network.sample())));
  const Value y = graph.input("y", form.classes ? i32({batch}) : f32({batch, form.width}));
  const Activated output = context.activation_of(network.model().build(context, x));
  const Value losses = loss.build(output, y);
  if (losses.shape() != Shape{batch})
    throw GraphError("loss", loss.name + " gives " + losses.shape().to_string() +
                                 ", not a number for each sample");
  return {y, output, losses};
}

}  // namespace

void add_to_sum(Graph& graph, std::string_view name, const Value& per_sample) {
  const Value total = graph.variable(std::string(name), f32({}), VariableRole::kControl);
  graph.assign(total, total + sum(per_sample));
}

TargetForm target_form(const LabelledData& part) {
  return {part.targets.empty(), part.target_width};
}

Graph training_graph(const Network& network, std::int64_t batch, TargetForm target,
                     const FitOptions& options) {
  Graph graph;
  BuildContext context(graph, true, options.seed);
  const Forward step = forward(context, network, batch, target, options.loss);
  const Value loss = mean(step.losses);
  std::vector<Value> parameters;
  for (const ModelVariable& variable : context.variables()) {
    if (variable.role == VariableRole::kParameter)
      parameters.push_back(graph.variable(variable.name, variable.type));
  }
  minimize(graph, loss, parameters, options.optimizer);
  add_to_sum(graph, kLossSum, step.losses);
  graph.assign(context.step(), increment(context.step()));
  return graph;
}

Graph evaluation_graph(const Network& network, std::int64_t batch, TargetForm target,
                       const Loss& loss) {
  Graph graph;
  BuildContext context(graph, false, network.seed());
  const Forward step = forward(context, network, batch, target, loss);
  add_to_sum(graph, kLossSum, step.losses);
  if (target.classes) {
    add_to_sum(graph, kCorrectSum, is_correct(step.output, step.target));
  } else {
    const Value output = flatten_samples(step.output.after);
    const Value error = output - dense_target(output, step.target);
    add_to_sum(graph, kSquaredSum, mean(square(error), {1}));
    add_to_sum(graph, kAbsoluteSum, mean(abs(error), {1}));
  }
  return graph;
}

std::vector<std::pair<std::string_view, std::string>> evaluation_sums(TargetForm target) {
  if (target.classes) return {{kLossSum, "loss"}, {kCorrectSum, "accuracy"}};
  return {{kLossSum, "loss"}, {kSquaredSum, "mse"}, {kAbsoluteSum, "mae"}};
}

}  // namespace bascule::nn
