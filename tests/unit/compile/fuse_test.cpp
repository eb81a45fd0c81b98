#include <gtest/gtest.h>

#include <bascule/graph/grad.h>

#include "unit/compile/training_graph.h"

namespace bascule {
namespace {

using test::after;
using test::all_but;
using test::launches;
using test::planning_target;
using test::training_graph;
using test::TrainingOptions;

TEST(FuseLoss, ForwardAndBackward) {
  Graph graph;
  const Value z = graph.variable("z", f32({4, 3}));
  const Value labels = graph.input("labels", i32({4}));
  const Value loss = mean(negate(pick(log_softmax(z), labels)));
  graph.output("loss", loss);
  graph.output("dz", grad(loss, std::array{z})[0]);
  EXPECT_EQ(after(std::move(graph), "fuse_loss", planning_target(), {"simplify"}), R"(
%0 = variable(z, parameter) : f32[4, 3]
%1 = input(labels) : i32[4]
%2 = sparse_cross_entropy(%0, %1) : f32[4]
%3 = sum(%2; axes=[0], keep=0) : f32[]
%4 = scale(%3; parameter=0.25) : f32[]
%5 = constant(value=-0.25) : f32[4]
%6 = constant(value=0.25) : f32[4]
%7 = sparse_cross_entropy_grad(%0, %1, %6) : f32[4, 3]
output dz = %7
output loss = %4
)");
}

TEST(FuseLoss, TheMeanMayComeBeforeTheSign) {
  Graph graph;
  const Value z = graph.input("z", f32({4, 3}));
  const Value labels = graph.input("labels", i32({4}));
  graph.output("loss", negate(mean(pick(log_softmax(z), labels))));
  EXPECT_EQ(after(std::move(graph), "fuse_loss", planning_target(), {"simplify"}), R"(
%0 = input(z) : f32[4, 3]
%1 = input(labels) : i32[4]
%2 = sparse_cross_entropy(%0, %1) : f32[4]
%3 = negate(%2) : f32[4]
%4 = sum(%3; axes=[0], keep=0) : f32[]
%5 = scale(%4; parameter=-0.25) : f32[]
output loss = %5
)");
}

TEST(FuseLoss, NotWhenTheLogarithmsAreWanted) {
  Graph graph;
  const Value z = graph.input("z", f32({4, 3}));
  const Value labels = graph.input("labels", i32({4}));
  const Value logarithms = log_softmax(z);
  graph.output("loss", pick(logarithms, labels));
  graph.output("logarithms", logarithms);
  EXPECT_EQ(after(std::move(graph), "fuse_loss"), R"(
%0 = input(z) : f32[4, 3]
%1 = input(labels) : i32[4]
%2 = log_softmax(%0) : f32[4, 3]
%3 = pick(%2, %1) : f32[4]
output logarithms = %2
output loss = %3
)");
}

/// A loss of two likelihoods of the same counts, and its gradients, after fuse_loss.
template <class Loss>
std::string fused_likelihoods(const Loss& loss_of) {
  Graph graph;
  const Value y = graph.variable("y", f32({4, 3})), z = graph.variable("z", f32({4, 3}));
  const Value counts = graph.input("counts", csr_f32({4, 3}, 6));
  const Value loss = sum(loss_of(y, z, counts), {0});
  graph.output("loss", loss);
  const std::vector<Value> slopes = grad(loss, std::array{y, z});
  graph.output("dy", slopes[0]);
  graph.output("dz", slopes[1]);
  return after(std::move(graph), "fuse_loss");
}
std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

TEST(FuseLoss, CountsReadTheirLogitsOnce) {
  const std::string text =
      fused_likelihoods([](const Value& y, const Value& z, const Value& counts) {
        return multinomial_nll(y, counts) + scale(multinomial_nll(z, counts), 2);
      });
  EXPECT_EQ(count_of(text, "multinomial_nll_and_grad("), 2) << text;
  EXPECT_EQ(count_of(text, "multinomial_nll"), 2) << text;
}
TEST(FuseLoss, NotWhenAGradientNeedsALikelihood) {
  // Each gradient is scaled by the other's loss: together they would wait for each other.
  const std::string text =
      fused_likelihoods([](const Value& y, const Value& z, const Value& counts) {
        return multinomial_nll(y, counts) * multinomial_nll(z, counts);
      });
  EXPECT_EQ(count_of(text, "multinomial_nll_grad("), 2) << text;
  EXPECT_EQ(count_of(text, "multinomial_nll_and_grad("), 0) << text;
}
TEST(FuseLoss, AGradientServesOneOfTwoEqualLikelihoods) {
  const std::string text =
      fused_likelihoods([](const Value& y, const Value& z, const Value& counts) {
        return multinomial_nll(z, counts) + scale(multinomial_nll(z, counts), 3) + sum(y, {1});
      });
  EXPECT_EQ(count_of(text, "multinomial_nll_and_grad("), 2) << text;
  EXPECT_EQ(count_of(text, "multinomial_nll"), 2) << text;
}

TEST(FuseLinear, BiasAndActivation) {
  Graph graph;
  const Value x = graph.input("x", f32({4, 3}));
  const Value w = graph.variable("w", f32({3, 5})), b = graph.variable("b", f32({5}));
  graph.output("y", leaky_relu(b + matmul(x, w), 0.1));
  EXPECT_EQ(after(std::move(graph), "fuse_linear"), R"(
%0 = input(x) : f32[4, 3]
%1 = variable(w, parameter) : f32[3, 5]
%2 = variable(b, parameter) : f32[5]
%3 = linear(%0, %1, %2; activation=leaky_relu, parameter=0.1) : f32[4, 5]
output y = %3
)");
}

TEST(FuseLinear, StopsWhereAValueHasASecondReader) {
  Graph graph;
  const Value x = graph.input("x", f32({4, 3}));
  const Value w = graph.variable("w", f32({3, 5})), b = graph.variable("b", f32({5}));
  const Value before = matmul(x, w) + b;
  graph.output("y", gelu(before));
  graph.output("before", before);
  EXPECT_EQ(after(std::move(graph), "fuse_linear"), R"(
%0 = input(x) : f32[4, 3]
%1 = variable(w, parameter) : f32[3, 5]
%2 = variable(b, parameter) : f32[5]
%3 = linear(%0, %1, %2; activation=, parameter=0) : f32[4, 5]
%4 = gelu(%3) : f32[4, 5]
output before = %3
output y = %4
)");
}

TEST(FuseLinear, ABiasIsARow) {
  Graph graph;
  const Value x = graph.input("x", f32({4, 3}));
  const Value w = graph.variable("w", f32({3, 5}));
  graph.output("y", matmul(x, w) + graph.variable("column", f32({4, 1})));
  EXPECT_EQ(after(std::move(graph), "fuse_linear"), R"(
%0 = input(x) : f32[4, 3]
%1 = variable(w, parameter) : f32[3, 5]
%2 = variable(column, parameter) : f32[4, 1]
%3 = linear(%0, %1; activation=, parameter=0) : f32[4, 5]
%4 = add(%3, %2) : f32[4, 5]
output y = %4
)");
}

TEST(FuseLinear, GradientsOfALayer) {
  Graph graph;
  const Value x = graph.variable("x", f32({4, 3}));
  const Value w = graph.variable("w", f32({3, 5}));
  const Value y = matmul(tanh(x), w);
  const std::vector<Value> gradients = grad(sum(square(y)), std::array{x, w});
  graph.output("dx", gradients[0]);
  graph.output("dw", gradients[1]);
  EXPECT_EQ(after(std::move(graph), "fuse_linear", planning_target(), {"simplify"}), R"(
%0 = variable(x, parameter) : f32[4, 3]
%1 = variable(w, parameter) : f32[3, 5]
%2 = tanh(%0) : f32[4, 3]
%3 = linear(%2, %1; activation=scale, parameter=2) : f32[4, 5]
%4 = linear_weight_grad(%2, %3) : f32[3, 5]
%5 = linear_input_grad(%3, %1, %2; activation=tanh_grad, parameter=0) : f32[4, 3]
output dw = %4
output dx = %5
)");
}

TEST(FuseLinear, OnlyWhatTheTargetSupports) {
  Target target = planning_target();
  target.supports = [](const Graph&, const Node& node) {
    return !node.attributes.has("activation") || node.attributes.text("activation").empty();
  };
  Graph graph;
  const Value x = graph.input("x", f32({4, 3}));
  const Value w = graph.variable("w", f32({3, 5})), b = graph.variable("b", f32({5}));
  graph.output("y", relu(matmul(x, w) + b));
  EXPECT_EQ(after(std::move(graph), "fuse_linear", target), R"(
%0 = input(x) : f32[4, 3]
%1 = variable(w, parameter) : f32[3, 5]
%2 = variable(b, parameter) : f32[5]
%3 = linear(%0, %1, %2; activation=, parameter=0) : f32[4, 5]
%4 = relu(%3) : f32[4, 5]
output y = %4
)");
}

TEST(FuseMap, ChainsWithBroadcastOperands) {
  Graph graph;
  const Value x = graph.input("x", f32({4, 3}));
  const Value row = graph.input("row", f32({3})), column = graph.input("column", f32({4, 1}));
  const Value shared = x * row + column;
  graph.output("y", select(greater(shared, graph.input("s", f32({}))), scale(shared, 2), row));
  EXPECT_EQ(after(std::move(graph), "fuse_map"), R"(
%0 = input(x) : f32[4, 3]
%1 = input(row) : f32[3]
%2 = input(column) : f32[4, 1]
%3 = input(s) : f32[]
%4 = map(%0, %1, %2, %3; r4 = multiply(r0, r1); r5 = add(r4, r2); r6 = scale(r5, 2); r7 = greater(r5, r3); r8 = select(r7, r6, r1) -> r8) : f32[4, 3]
output y = %4
)");
}

TEST(FuseMap, ValuesReadElsewhereAreOutputs) {
  Graph graph;
  const Value x = graph.input("x", f32({4, 3}));
  const Value y = exp(negate(x));
  graph.output("sum", sum(y));
  graph.output("z", sqrt(y));
  EXPECT_EQ(after(std::move(graph), "fuse_map"), R"(
%0 = input(x) : f32[4, 3]
%1 = map(%0; r1 = negate(r0); r2 = exp(r1); r3 = sqrt(r2) -> r2, r3) : f32[4, 3], f32[4, 3]
%2 = sum(%1; axes=[0, 1], keep=0) : f32[]
output sum = %2
output z = %1.1
)");
}

TEST(FuseMap, NothingAroundAReduction) {
  // exp and the division could be one map only if the sum between them were in it.
  Graph graph;
  const Value x = graph.input("x", f32({4, 3}));
  const Value e = exp(x);
  graph.output("p", e / sum(e));
  EXPECT_EQ(after(std::move(graph), "fuse_map"), R"(
%0 = input(x) : f32[4, 3]
%1 = exp(%0) : f32[4, 3]
%2 = sum(%1; axes=[0, 1], keep=0) : f32[]
%3 = divide(%1, %2) : f32[4, 3]
output p = %3
)");
}

TEST(FuseMap, OtherShapesStayAlone) {
  Graph graph;
  const Value x = graph.input("x", f32({4, 3}));
  graph.output("y", x * exp(graph.input("row", f32({3}))));
  graph.output("z", sqrt(reshape(exp(x), {12})));
  EXPECT_EQ(after(std::move(graph), "fuse_map"), R"(
%0 = input(x) : f32[4, 3]
%1 = input(row) : f32[3]
%2 = exp(%1) : f32[3]
%3 = multiply(%0, %2) : f32[4, 3]
%4 = exp(%0) : f32[4, 3]
%5 = reshape(%4; shape=[12]) : f32[12]
%6 = sqrt(%5) : f32[12]
output y = %3
output z = %6
)");
}

TEST(FuseMap, IsBounded) {
  Graph graph;
  Value x = graph.input("x", f32({4, 3}));
  for (int i = 0; i < 60; ++i) x = i % 2 == 0 ? tanh(x) : square(x);
  graph.output("y", x);
  CompileOptions options;
  options.skip = all_but({"fuse_map"});
  const auto plan = compile(std::move(graph), planning_target(), options);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(launches(plan.value()), "map map map");
}

TEST(Fuse, ATargetWithoutFusedOpsGetsNone) {
  const auto plan = compile(training_graph({}), Target{});
  ASSERT_TRUE(plan.ok());
  for (const std::string_view op : {"linear", "map", "sparse_cross_entropy"})
    EXPECT_EQ(launches(plan.value()).find(op), std::string::npos) << op;
}

TEST(Fuse, AWholeTrainingStep) {
  TrainingOptions options;
  options.optimizer = "adam";
  const auto plan = compile(training_graph(options), planning_target());
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(launches(plan.value()),
            "linear linear sparse_cross_entropy sum scale sparse_cross_entropy_grad sum "
            "linear_input_grad linear_update sum multi_update linear_update increment");
}

}  // namespace
}  // namespace bascule
