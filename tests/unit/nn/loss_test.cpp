#include <cmath>

#include <gtest/gtest.h>

#include <bascule/graph/ops.h>
#include <bascule/nn/loss.h>

#include "unit/nn/golden.h"

namespace bascule::nn {
namespace {

const std::vector<std::int32_t> kLabels = {0, 3, 1, 2, 2};

/// Classes as constants of the graph: there is one input only.
Value labels(Graph& graph, const std::vector<std::int32_t>& values) {
  std::vector<Value> rows;
  rows.reserve(values.size());
  for (const std::int32_t value : values) rows.push_back(graph.constant(value, f32({1})));
  return cast(bascule::concat(rows, 0), DType::kI32);
}

Value matrix(Graph& graph, const std::vector<float>& values, std::int64_t rows) {
  std::vector<Value> elements;
  elements.reserve(values.size());
  for (const float value : values)
    elements.push_back(graph.constant(static_cast<double>(value), f32({1})));
  return bascule::reshape(bascule::concat(elements, 0),
                          {rows, static_cast<std::int64_t>(values.size()) / rows});
}

std::vector<float> losses(const Loss& loss, const std::string& activation,
                          const std::vector<float>& logits,
                          const std::function<Value(Graph&)>& target) {
  Bench bench(
      [&](BuildContext& context, const Value& x) {
        return loss.build(context.activation_of(context.activate(activation, x)),
                          target(context.graph()));
      },
      f32({5, 4}));
  return bench(logits);
}

TEST(Loss, AgreesWithPyTorch) {
  const auto& golden = training_golden()["losses"];
  const std::vector<float> z = pattern(20, 50, 8), t = pattern(20, 51, 4);
  std::vector<float> bits = pattern(20, 52);
  for (float& bit : bits) bit = bit > 0 ? 1 : 0;
  const auto classes = [](Graph& graph) { return labels(graph, kLabels); };
  const auto values = [&](Graph& graph) { return matrix(graph, t, 5); };
  const auto binary = [&](Graph& graph) { return matrix(graph, bits, 5); };
  const auto one_hot_rows = [](Graph& graph) { return one_hot(labels(graph, kLabels), 4); };
  constexpr double kTolerance = 2e-6;

  for (const char* activation : {"softmax", "linear", "log_softmax"}) {
    expect_near(losses(cross_entropy(), activation, z, classes), golden["cross_entropy"],
                kTolerance);
    expect_near(losses(cross_entropy(), activation, z, one_hot_rows), golden["cross_entropy"],
                kTolerance);
  }
  LossOptions smooth;
  smooth.label_smoothing = 0.2;
  expect_near(losses(cross_entropy(smooth), "softmax", z, classes), golden["smoothed"], kTolerance);
  expect_near(losses(cross_entropy(), "sigmoid", z, classes), golden["sigmoid_cross_entropy"],
              kTolerance);
  for (const char* activation : {"sigmoid", "linear"})
    expect_near(losses(binary_cross_entropy(), activation, z, binary),
                golden["binary_cross_entropy"], kTolerance);
  expect_near(losses(mse(), "linear", z, values), golden["mse"], 1e-5);
  expect_near(losses(mae(), "linear", z, values), golden["mae"], kTolerance);
  expect_near(losses(huber(1.5), "linear", z, values), golden["huber"], kTolerance);
}

TEST(Loss, LargeLogitsStayFinite) {
  std::vector<float> z(20, -1000);
  for (std::size_t row = 0; row < 5; ++row) z[row * 4] = 1000;
  const auto classes = [](Graph& graph) { return labels(graph, kLabels); };
  const auto softmax = losses(cross_entropy(), "softmax", z, classes);
  EXPECT_EQ(softmax[0], 0);
  EXPECT_EQ(softmax[1], 2000);
  const auto published = losses(cross_entropy(), "sigmoid", z, classes);
  EXPECT_NEAR(published[1], -std::log(1e-7), 1e-4);  // clipped
  const auto binary = losses(binary_cross_entropy(), "sigmoid", z,
                             [](Graph& graph) { return one_hot(labels(graph, kLabels), 4); });
  EXPECT_EQ(binary[1], (1000.0F + 1000.0F) / 4);
}

TEST(Loss, ClassWeightsMultiply) {
  LossOptions options;
  options.class_weights = {1, 2, 3, 0.5};
  const std::vector<float> z = pattern(20, 50, 8);
  const auto classes = [](Graph& graph) { return labels(graph, kLabels); };
  const auto plain = losses(cross_entropy(), "softmax", z, classes);
  const auto weighted = losses(cross_entropy(options), "softmax", z, classes);
  for (std::size_t i = 0; i < 5; ++i) {
    const auto label = static_cast<std::size_t>(kLabels[i]);
    EXPECT_FLOAT_EQ(weighted[i], plain[i] * static_cast<float>(options.class_weights[label]));
  }
}

TEST(Loss, CorrectPredictionsAreCounted) {
  Bench bench(
      [&](BuildContext& context, const Value& x) {
        const Value y = context.activate("softmax", x);
        return is_correct(context.activation_of(y), labels(context.graph(), {2, 0, 1}));
      },
      f32({3, 3}));
  EXPECT_EQ(bench({0, 1, 2, 5, 4, 3, 1, 0, 0}), (std::vector<float>{1, 1, 0}));
  Bench binary(
      [&](BuildContext& context, const Value& x) {
        const Value y = context.activate("sigmoid", x);
        return is_correct(context.activation_of(y), labels(context.graph(), {1, 0, 1}));
      },
      f32({3, 1}));
  EXPECT_EQ(binary({0.1F, 0.1F, -0.1F}), (std::vector<float>{1, 0, 0}));
}

TEST(Loss, MistakesAreNamed) {
  EXPECT_EQ(make_loss({"msee"}).error().message, "unknown loss msee; did you mean mse?");
  EXPECT_FALSE(make_loss({"mse", 1, 0.1}).ok());
  EXPECT_FALSE(make_loss({"huber", 0}).ok());
  const auto classes = [](Graph& graph) { return labels(graph, kLabels); };
  EXPECT_THROW(losses(cross_entropy(), "relu", pattern(20, 1), classes), GraphError);
}

}  // namespace
}  // namespace bascule::nn
