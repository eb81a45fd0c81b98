// Reverse mode on whole graphs, judged by central differences in float64.
#include <gmock/gmock.h>

#include <bascule/base/random.h>
#include <bascule/graph/grad.h>
#include <bascule/graph/ops.h>
#include <bascule/graph/verify.h>

#include "graph_interpreter.h"

namespace bascule {
namespace {

using ::testing::ElementsAre;
using Values = std::map<std::string, Tensor>;

Tensor drawn(const ValueType& type, std::uint64_t stream) {
  Tensor tensor = filled(type, 0);
  const Philox random(3, stream);
  for (std::size_t i = 0; i < tensor.values.size(); ++i)
    tensor.values[i] = 2 * random.uniform(i) - 1;
  return tensor;
}

double evaluate(const Graph& graph, const Value& value, const Values& named) {
  return Interpreter::in_double().run(graph, named).at(value.id()).values[0];
}

/// Every partial derivative of `loss` with respect to the values called `name`.
void expect_gradient(const Graph& graph, const Value& loss, const Value& gradient,
                     const std::string& name, const Values& named) {
  const Tensor computed = Interpreter::in_double().run(graph, named).at(gradient.id());
  constexpr double kStep = 1e-5;
  for (std::size_t i = 0; i < computed.values.size(); ++i) {
    Values up = named, down = named;
    up[name].values[i] += kStep;
    down[name].values[i] -= kStep;
    const double slope = (evaluate(graph, loss, up) - evaluate(graph, loss, down)) / (2 * kStep);
    EXPECT_NEAR(computed.values[i], slope, 1e-8) << name << " " << i;
  }
}

struct Mlp {
  Graph graph;
  std::vector<Value> weights;
  Value loss;
  Values named;
};

/// Two layers and a softmax; the first weight also decays, so that two gradients meet in it.
Mlp mlp() {
  Mlp m;
  Graph& g = m.graph;
  const Value x = g.input("x", f32({4, 5})), labels = g.input("labels", i32({4}));
  const Value w1 = g.variable("w1", f32({5, 6})), b1 = g.variable("b1", f32({6}));
  const Value w2 = g.variable("w2", f32({6, 3})), b2 = g.variable("b2", f32({3}));
  const Value hidden = tanh(matmul(x, w1) + b1);
  const Value logits = matmul(hidden, w2) + b2;
  m.loss = mean(negate(pick(log_softmax(logits), labels))) + scale(sum(square(w1)), 0.1);
  m.weights = {w1, b1, w2, b2};
  m.named = {{"x", drawn(f32({4, 5}), 1)},  {"labels", {i32({4}), {0, 2, 1, 2}}},
             {"w1", drawn(f32({5, 6}), 2)}, {"b1", drawn(f32({6}), 3)},
             {"w2", drawn(f32({6, 3}), 4)}, {"b2", drawn(f32({3}), 5)}};
  return m;
}

TEST(Grad, OfAnMlpEqualsDifferences) {
  Mlp m = mlp();
  const auto gradients = grad(m.loss, m.weights);
  ASSERT_TRUE(verify(m.graph).ok());
  const std::vector<std::string> names = {"w1", "b1", "w2", "b2"};
  for (std::size_t i = 0; i < names.size(); ++i)
    expect_gradient(m.graph, m.loss, gradients[i], names[i], m.named);
}

TEST(Grad, OfAGradientEqualsDifferences) {
  // The penalty on the gradient's length that Wasserstein GANs train with.
  Mlp m = mlp();
  const Value first = grad(m.loss, std::array{m.weights[0]})[0];
  const Value penalty = sum(square(first));
  const auto second = grad(penalty, m.weights);
  ASSERT_TRUE(verify(m.graph).ok());
  expect_gradient(m.graph, penalty, second[0], "w1", m.named);
  expect_gradient(m.graph, penalty, second[2], "w2", m.named);
}

TEST(Grad, IsZeroWhereNothingDepends) {
  Graph graph;
  const Value a = graph.input("a", f32({2})), b = graph.input("b", f32({3}));
  const Value loss = sum(square(a));
  const auto gradients = grad(loss, std::array{a, b});
  const auto values = Interpreter::in_double().run(
      graph, Values{{"a", {f32({2}), {1, -2}}}, {"b", filled(f32({3}), 5)}});
  EXPECT_THAT(values.at(gradients[0].id()).values, ElementsAre(2, -4));
  EXPECT_THAT(values.at(gradients[1].id()).values, ElementsAre(0, 0, 0));
}

TEST(Grad, OfEqualGreatestElements) {
  Graph graph;
  const Value a = graph.input("a", f32({3})), b = graph.input("b", f32({3}));
  const auto shared = grad(max(a), std::array{a});
  const auto first = grad(sum(maximum(a, b)), std::array{a, b});
  const auto values = Interpreter::in_double().run(
      graph, Values{{"a", {f32({3}), {1, 4, 4}}}, {"b", {f32({3}), {2, 4, 3}}}});
  EXPECT_THAT(values.at(shared[0].id()).values, ElementsAre(0, 0.5, 0.5));
  EXPECT_THAT(values.at(first[0].id()).values, ElementsAre(0, 1, 1));
  EXPECT_THAT(values.at(first[1].id()).values, ElementsAre(1, 0, 0));
}

TEST(Grad, StopsAtIntegers) {
  Graph graph;
  const Value a = graph.input("a", f32({2, 3}));
  const Value loss = sum(one_hot(argmax(a), 3) * a);
  const auto gradients = grad(loss, std::array{a});
  const auto values =
      Interpreter::in_double().run(graph, Values{{"a", {f32({2, 3}), {1, 5, 2, 7, 3, 4}}}});
  EXPECT_THAT(values.at(gradients[0].id()).values, ElementsAre(0, 1, 0, 1, 0, 0));
}

TEST(Grad, RefusesWhatHasNone) {
  Graph graph;
  const Value a = graph.input("a", f32({2})), lr = graph.input("lr", f32({}));
  const auto message = [](const auto& build) {
    try {
      build();
    } catch (const GraphError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(message([&] { grad(a, std::array{a}); }), "[grad] the loss is f32[2], not a scalar");
  EXPECT_EQ(message([&] { grad(sum(sgd_update(a, a, lr, 0)[0]), std::array{a}); }),
            "[sgd_update] has no gradient");
}

}  // namespace
}  // namespace bascule
