#include <gtest/gtest.h>

#include <bascule/graph/ops.h>
#include <bascule/nn/loss.h>
#include <bascule/nn/optimizer.h>
#include <bascule/nn/schedule.h>

#include "unit/nn/golden.h"

namespace bascule::nn {
namespace {

constexpr std::int64_t kBatch = 8;

OptimizerOptions options_of(const std::string& name) {
  OptimizerOptions options = optimizer_defaults(name).value();
  options.lr = name == "sgd" || name == "momentum" || name == "nesterov" ? 0.1 : 0.01;
  if (name == "sgd") options.weight_decay = 0.01;
  if (name == "adamw") options.weight_decay = 0.1;
  return options;
}

/// Trains the network of training_golden.py for ten steps and compares losses and weights.
void expect_trajectory(const nlohmann::json& golden, const OptimizerOptions& options) {
  const auto device = make_reference_device();
  auto network = Network::make({dense(5, "relu"), dense(3, "softmax")}, {6}, *device);
  ASSERT_TRUE(network.ok());
  VariableStore& store = network->store();
  Graph graph;
  BuildContext context(graph, true, 1);
  const Value x = graph.input("x", f32({kBatch, 6})), y = graph.input("y", i32({kBatch}));
  const Activated output = context.activation_of(network->model().build(context, x));
  const Value loss = mean(cross_entropy().build(output, y));
  std::vector<Value> parameters;
  for (const ModelVariable& variable : context.variables())
    parameters.push_back(graph.variable(variable.name, variable.type));
  minimize(graph, loss, parameters, options);
  graph.assign(context.step(), increment(context.step()));
  graph.output("loss", loss);
  auto program = Program::make(std::move(graph), store);
  ASSERT_TRUE(program.ok()) << program.error().message;
  std::int64_t stream = 1;
  for (const ModelVariable& variable : network->variables())
    ASSERT_TRUE(store
                    .write(variable.name,
                           std::span<const float>(pattern(variable.type.shape.count(), stream++)))
                    .ok());
  const std::vector<float> lr = {static_cast<float>(options.lr)};
  ASSERT_TRUE(store.write("lr", std::span<const float>(lr)).ok());
  for (std::int64_t step = 0; step < 10; ++step) {
    std::vector<std::int32_t> labels;
    for (std::int64_t i = 0; i < kBatch; ++i)
      labels.push_back(static_cast<std::int32_t>((i + step) % 3));
    ASSERT_TRUE(program->feed("x", std::span<const float>(pattern(kBatch * 6, 100 + step))).ok());
    ASSERT_TRUE(program->feed("y", std::span<const std::int32_t>(labels)).ok());
    program->step();
    EXPECT_NEAR(*program->scalar("loss"),
                golden["losses"][static_cast<std::size_t>(step)].get<double>(), 1e-5);
  }
  for (const auto& [name, weights] : golden["weights"].items()) {
    SCOPED_TRACE(name);
    expect_near(*store.values<float>(name), weights, 1e-5);
  }
}

TEST(Optimizer, TenStepsAgreeWithPyTorch) {
  for (const auto& golden : training_golden()["training"]) {
    SCOPED_TRACE(golden["optimizer"].get<std::string>() + " clip " + golden["clip_norm"].dump());
    OptimizerOptions options = options_of(golden["optimizer"]);
    options.clip_norm = golden["clip_norm"].get<double>();
    expect_trajectory(golden, options);
  }
}

TEST(Optimizer, LasagnesNesterovIsPyTorchsAtAConstantRate) {
  for (const auto& golden : training_golden()["training"]) {
    if (golden["optimizer"] != "nesterov" || golden["clip_norm"] != 0) continue;
    expect_trajectory(golden, nesterov(0.1, 0.9, "lasagne"));
  }
}

TEST(Optimizer, GradientsAreCutByValue) {
  OptimizerOptions options = sgd(1);
  options.clip_value = 0.25;
  Bench bench(
      [&](BuildContext& context, const Value& x) {
        const Value w = context.parameter("w", {3}, {Initializer::Kind::kConstant, 0});
        const Value loss = sum(w * bascule::reshape(x, {3}));
        minimize(context.graph(), loss, std::vector<Value>{w}, options);
        return loss;
      },
      f32({1, 3}));
  bench.write("lr", {1});
  bench({-3, 0.125F, 2});
  EXPECT_EQ(bench.variable("w"), (std::vector<float>{0.25F, -0.125F, -0.25F}));
}

TEST(Optimizer, UnknownTypesAreNamed) {
  EXPECT_EQ(optimizer_defaults("adan").error().message,
            "unknown optimizer adan; did you mean adam?");
}

TEST(Schedule, AgreesWithPyTorch) {
  ScheduleOptions step{"step"}, cosine{"cosine"}, one_cycle{"one_cycle"};
  step.gamma = 0.5;
  step.every = 2;
  cosine.minimum = 0.01;
  for (const ScheduleOptions& schedule : {step, cosine, one_cycle}) {
    const auto& golden = training_golden()["schedules"][schedule.type];
    ASSERT_EQ(golden.size(), 20U);
    for (std::int64_t s = 0; s < 20; ++s)
      EXPECT_NEAR(learning_rate(schedule, 0.1, {s, 5, 4}),
                  golden[static_cast<std::size_t>(s)].get<double>(), 1e-12)
          << schedule.type << " step " << s;
  }
}

TEST(Schedule, WarmUpRisesInALine) {
  ScheduleOptions schedule;
  schedule.warmup_epochs = 2;
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 1, {0, 5, 4}), 0.1);
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 1, {4, 5, 4}), 0.5);
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 1, {9, 5, 4}), 1);
  EXPECT_DOUBLE_EQ(learning_rate(schedule, 1, {15, 5, 4}), 1);
}

}  // namespace
}  // namespace bascule::nn
