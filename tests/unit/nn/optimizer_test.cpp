#include <array>
#include <map>
#include <string>
#include <vector>

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

/// A table and a matrix after some steps in which the table's row `touched` alone has a gradient.
std::map<std::string, std::vector<float>> after_lazy_steps(
    const std::string& type, bool lazy, const std::vector<std::int32_t>& touched) {
  OptimizerOptions options = optimizer_defaults(type).value();
  options.lazy = lazy;
  options.weight_decay = 0.1;
  const auto device = make_cpu_device(default_pool());
  VariableStore store(*device);
  Graph graph;
  const Value at = graph.input("at", i32({1}));
  const std::array parameters = {graph.variable("table", f32({4, 3})),
                                 graph.variable("matrix", f32({3, 2}))};
  const Value step = graph.variable("step", i64({}), VariableRole::kControl);
  minimize(graph, sum(square(matmul(gather_rows(parameters[0], at), parameters[1]))), parameters,
           options);
  graph.assign(step, increment(step));
  auto program = Program::make(std::move(graph), store);
  EXPECT_TRUE(program.ok()) << program.error().message;
  const std::vector<float> table(12, 1), matrix(6, 0.5), lr = {0.1F};
  EXPECT_TRUE(store.write("table", std::span(table)).ok());
  EXPECT_TRUE(store.write("matrix", std::span(matrix)).ok());
  EXPECT_TRUE(store.write("lr", std::span(lr)).ok());
  for (const std::int32_t row : touched) {
    EXPECT_TRUE(program->feed("at", std::span(&row, 1)).ok());
    program->step();
  }
  std::map<std::string, std::vector<float>> all;
  for (const auto& [name, variable] : store.all())
    if (variable.type.dtype == DType::kF32) all[name] = store.values<float>(name).value();
  return all;
}

TEST(Optimizer, LazyOnesLeaveRowsThatAStepDoesNotTouch) {
  for (const std::string type : {"sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"}) {
    SCOPED_TRACE(type);
    const auto once = after_lazy_steps(type, true, {2});
    const auto eager = after_lazy_steps(type, false, {2});
    for (std::size_t i = 0; i < 12; ++i) {
      if (i / 3 == 2) {
        EXPECT_EQ(once.at("table")[i], eager.at("table")[i]);
      } else {
        EXPECT_EQ(once.at("table")[i], 1);
        EXPECT_NE(eager.at("table")[i], 1);  // decay
      }
    }
    // The matrix has a gradient in every step; a row's states wait for it.
    EXPECT_EQ(once.at("matrix"), eager.at("matrix"));
    const auto twice = after_lazy_steps(type, true, {2, 0});
    for (const auto& [name, values] : twice) {
      if (!name.starts_with("table") && !name.starts_with("optimizer.table")) continue;
      for (std::size_t i = 6; i < 9; ++i) EXPECT_EQ(values[i], once.at(name)[i]) << name;
    }
  }
}

TEST(Optimizer, LionHasNoLazyUpdates) {
  Graph graph;
  const Value w = graph.variable("w", f32({3}));
  OptimizerOptions options = optimizer_defaults("lion").value();
  options.lazy = true;
  EXPECT_THROW(minimize(graph, sum(square(w)), std::array{w}, options), GraphError);
}

}  // namespace
}  // namespace bascule::nn
