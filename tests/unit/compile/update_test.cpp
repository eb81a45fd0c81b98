// When an update may be written over the old value, and when it may be part of a product.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/graph/grad.h>
#include <bascule/graph/op.h>

#include "unit/compile/training_graph.h"

namespace bascule {
namespace {

using test::launches;
using test::planning_target;
using test::training_graph;
using test::TrainingOptions;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

Plan planned(Graph graph, const CompileOptions& options = {}) {
  auto plan = compile(std::move(graph), planning_target(), options);
  EXPECT_TRUE(plan.ok()) << plan.error().message;
  return std::move(plan).value();
}

/// A weight with its gradient from a product, and its update; `more` may add readers.
template <class More>
Plan one_weight(More more) {
  Graph graph;
  const Value x = graph.input("x", f32({4, 3}));
  const Value w = graph.variable("w", f32({3, 2}));
  const Value lr = graph.variable("lr", f32({}), VariableRole::kControl);
  const Value y = matmul(x, w);
  const Value g = grad(sum(square(y)), std::array{w})[0];
  const Value fresh = sgd_update(w, g, lr, 0)[0];
  graph.assign(w, fresh);
  more(graph, w, g, fresh);
  return planned(std::move(graph));
}

TEST(FuseUpdate, IntoTheProductOfTheGradient) {
  const Plan plan = one_weight([](Graph&, const Value&, const Value&, const Value&) {});
  EXPECT_EQ(launches(plan), "linear linear_update");
  EXPECT_THAT(plan.in_place, ElementsAre("w"));
  EXPECT_THAT(plan.copies, IsEmpty());
}

TEST(FuseUpdate, IntoASparseProduct) {
  Graph graph;
  const Value x = graph.input("x", csr_f32({4, 3}, 5));
  const Value w = graph.variable("w", f32({3, 2}));
  const Value lr = graph.variable("lr", f32({}), VariableRole::kControl);
  const Value loss = sum(square(sparse_matmul(x, w)));
  graph.assign(w, sgd_update(w, grad(loss, std::array{w})[0], lr, 0)[0]);
  const Plan plan = planned(std::move(graph));
  EXPECT_THAT(launches(plan), ::testing::EndsWith("sparse_update"));
  EXPECT_THAT(plan.in_place, ElementsAre("w"));
  EXPECT_EQ(plan.layouts.at("w"), Layout::kRowMajor);
}

/// Ops of the plan for a table that is learned with `lazy` updates.
std::string updates_of_a_table(bool lazy, const Shape& indices) {
  Graph graph;
  const Value at = graph.input("at", {DType::kI32, indices});
  const Value w = graph.variable("w", f32({9, 2}));
  const Value lr = graph.variable("lr", f32({}), VariableRole::kControl);
  const Value loss = sum(square(gather_rows(w, at)));
  graph.assign(w, sgd_update(w, grad(loss, std::array{w})[0], lr, 0, lazy)[0]);
  const Plan plan = planned(std::move(graph));
  EXPECT_THAT(plan.in_place, ElementsAre("w"));
  EXPECT_EQ(plan.layouts.at("w"), Layout::kRowMajor);
  return launches(plan);
}

TEST(FuseUpdate, IntoTheSumOfGatheredRows) {
  EXPECT_THAT(updates_of_a_table(false, {4}), ::testing::EndsWith("rows_update"));
  EXPECT_THAT(updates_of_a_table(true, {4}), ::testing::EndsWith("rows_update"));
  EXPECT_THAT(updates_of_a_table(true, {2, 2}), ::testing::EndsWith("scatter_add_rows sgd_update"));
}

TEST(FuseUpdate, ALazyOneNotIntoADenseProduct) {
  Graph graph;
  const Value x = graph.input("x", f32({4, 3}));
  const Value w = graph.variable("w", f32({3, 2}));
  const Value lr = graph.variable("lr", f32({}), VariableRole::kControl);
  const Value g = grad(sum(square(matmul(x, w))), std::array{w})[0];
  graph.assign(w, sgd_update(w, g, lr, 0, true)[0]);
  EXPECT_THAT(launches(planned(std::move(graph))), Not(HasSubstr("linear_update")));
}

TEST(FuseUpdate, NotWhenTheGradientIsReadElsewhere) {
  const Plan plan = one_weight([](Graph& graph, const Value&, const Value& g, const Value&) {
    graph.output("norm", sum(square(g)));
  });
  EXPECT_THAT(launches(plan), Not(HasSubstr("linear_update")));
  EXPECT_THAT(plan.in_place, ElementsAre("w"));
}

TEST(FuseUpdate, OtherReadersOfTheWeightRunBefore) {
  const Plan plan = one_weight([](Graph& graph, const Value& w, const Value&, const Value&) {
    graph.output("norm", sum(square(reshape(w, {6}))));
  });
  EXPECT_EQ(launches(plan), "linear square linear_update sum");
  EXPECT_THAT(plan.in_place, ElementsAre("w"));
}

TEST(FuseUpdate, NotWhenTheOldWeightIsReadAfterTheNew) {
  const Plan plan = one_weight([](Graph& graph, const Value& w, const Value&, const Value& fresh) {
    graph.output("change", sum(abs(fresh - w)));
  });
  EXPECT_THAT(launches(plan), Not(HasSubstr("linear_update")));
  EXPECT_THAT(plan.in_place, IsEmpty());
  EXPECT_EQ(plan.copies.size(), 1U);
}

TEST(FuseUpdate, TheNewWeightAsAnOutputIsNotInTheStore) {
  const Plan plan = one_weight([](Graph& graph, const Value&, const Value&, const Value& fresh) {
    graph.output("fresh", fresh);
  });
  EXPECT_THAT(plan.in_place, IsEmpty());
  EXPECT_EQ(plan.values.at(plan.graph.outputs().at("fresh")).place, Place::kArena);
}

TEST(FuseUpdate, NotWithClippingOrSharedWeights) {
  TrainingOptions clipped;
  clipped.clip = true;
  const Plan with_clip = planned(training_graph(clipped));
  EXPECT_THAT(launches(with_clip), Not(HasSubstr("linear_update")));
  TrainingOptions tied;
  tied.widths = {5, 7, 7, 7, 3};
  tied.tied = true;
  const Plan plan = planned(training_graph(tied));
  // Of w0, shared and w4 only the shared one has its gradient from two products.
  std::vector<std::string> updated;
  for (const NodeId id : plan.order) {
    const Node& node = plan.graph.node(id);
    if (node.op->name == "linear_update") updated.push_back(plan.values.at(node.inputs[2]).name);
  }
  EXPECT_THAT(updated, UnorderedElementsAre("w0", "w3"));
}

TEST(FuseUpdate, EveryOptimizerUpdatesInPlace) {
  for (const char* optimizer : {"sgd", "momentum", "nesterov", "rmsprop", "adam", "lion"}) {
    TrainingOptions options;
    options.optimizer = optimizer;
    options.widths = {5, 9, 8, 3};
    const Plan plan = planned(training_graph(options));
    EXPECT_EQ(plan.in_place.size(), plan.graph.assigns().size()) << optimizer;
    std::size_t fused = 0;
    for (const NodeId id : plan.order) fused += plan.graph.node(id).op->name == "linear_update";
    EXPECT_EQ(fused, 3U) << optimizer;
  }
}

TEST(Updates, NotOverAnOperandThatIsReadInAnotherPlaceToo) {
  // xᵀ dy reads all of x for each element that is written.
  Graph graph;
  const Value w = graph.variable("w", f32({4, 4})), lr = graph.variable("lr", f32({}));
  const Value g = matmul(w, graph.input("dy", f32({4, 4})), true, false);
  graph.assign(w, sgd_update(w, g, lr, 0)[0]);
  const Plan plan = planned(std::move(graph));
  EXPECT_EQ(launches(plan), "linear_weight_grad sgd_update");
  EXPECT_THAT(plan.in_place, ElementsAre("w"));

  Graph fused;
  const Value v = fused.variable("v", f32({4, 4})), rate = fused.variable("lr", f32({}));
  const Value dy = fused.input("dy", f32({4, 4})), a = tanh(v);
  const Attributes sgd = {{"optimizer", std::string("sgd_update")}, {"decay", 0.0}};
  fused.assign(v, fused.add(get_op("linear_update"), std::array{v, dy, v, rate}, sgd)[0]);
  fused.output("y", fused.add(get_op("linear_update"), std::array{a, dy, a, rate}, sgd)[0]);
  const Plan twice = planned(std::move(fused));
  EXPECT_THAT(twice.in_place, IsEmpty());
  const NodeId last = twice.graph.outputs().at("y").node;
  EXPECT_NE(twice.values.at({last, 0}).offset,
            twice.values.at(twice.graph.node(last).inputs[0]).offset);
}

TEST(Updates, TwoThatWaitForEachOtherAreNotBothInPlace) {
  // a' reads b and b' reads a: whichever is written first, the other still wants the old value.
  Graph graph;
  const Value a = graph.variable("a", f32({4})), b = graph.variable("b", f32({4}));
  graph.assign(a, a + sqrt(b));
  graph.assign(b, b * sqrt(a));
  CompileOptions options;
  options.skip = {"fuse_map"};
  const Plan plan = planned(std::move(graph), options);
  EXPECT_EQ(plan.in_place.size() + plan.copies.size(), 2U);
  EXPECT_THAT(plan.loads, IsEmpty());
}

TEST(Updates, ASwapReadsCopies) {
  Graph graph;
  const Value a = graph.variable("a", f32({4})), b = graph.variable("b", f32({4}));
  graph.assign(a, b);
  graph.assign(b, a);
  const Plan plan = planned(std::move(graph));
  EXPECT_THAT(plan.loads, ElementsAre("a", "b"));
  EXPECT_EQ(plan.copies.size(), 2U);
}

TEST(Compile, UnknownAndNeededPassesCannotBeSkipped) {
  CompileOptions options;
  options.skip = {"fuse_everything"};
  EXPECT_EQ(compile(training_graph({}), planning_target(), options).error().code, Code::kUsage);
  options.skip = {"memory_plan"};
  EXPECT_EQ(compile(training_graph({}), planning_target(), options).error().code, Code::kUsage);
}

TEST(Compile, NamesTheOpThatTheDeviceLacks) {
  Target target;
  target.device = "abacus";
  target.supports = [](const Graph&, const Node& node) { return node.op->name != "exp"; };
  Graph graph;
  graph.output("y", exp(graph.input("x", f32({2}))));
  const auto plan = compile(std::move(graph), target);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().message, "[exp] has no kernel on abacus");
}

TEST(Compile, ReportsEveryPass) {
  const Plan plan = planned(training_graph({}));
  std::vector<std::string> names;
  for (const PassReport& report : plan.passes) names.push_back(report.name);
  EXPECT_EQ(names, pass_names());
  const PassReport& simplify = plan.passes[1];
  EXPECT_EQ(simplify.name, "simplify");
  EXPECT_LT(simplify.nodes_after, simplify.nodes_before);
}

}  // namespace
}  // namespace bascule
