#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/graph/fused_ops.h>
#include <bascule/graph/op.h>

#include "unit/compile/training_graph.h"

namespace bascule {
namespace {

using test::after;
using test::all_but;
using test::launches;
using test::planning_target;
using ::testing::EndsWith;

/// Weights that are updated by gradients from outside.
class Updates {
 public:
  /// Its new value.
  Value sgd(const std::string& name, const Shape& shape, const Value& rate, bool lazy = false) {
    const Value w = graph.variable(name, f32(shape));
    const Value gradient = graph.input("d" + name, f32(shape));
    const Value next = sgd_update(w, gradient, rate, 0, lazy)[0];
    graph.assign(w, next);
    return next;
  }
  Value rate(const std::string& name) { return graph.variable(name, f32({})); }

  /// The launches of the plan that this pass alone makes.
  std::string launched() {
    CompileOptions options;
    options.skip = all_but({"group_updates"});
    const auto plan = compile(std::move(graph), planning_target(), options);
    return plan.ok() ? launches(*plan) : plan.error().message;
  }

  Graph graph;
};

TEST(GroupUpdates, WeightsThenGradientsThenWhatIsShared) {
  Updates u;
  const Value lr = u.rate("lr");
  u.sgd("a", {3}, lr);
  u.sgd("b", {2, 2}, lr);
  EXPECT_EQ(after(std::move(u.graph), "group_updates"), R"(
%0 = variable(lr, parameter) : f32[]
%1 = variable(a, parameter) : f32[3]
%2 = input(da) : f32[3]
%3 = input(db) : f32[2, 2]
%4 = variable(b, parameter) : f32[2, 2]
%5 = multi_update(%1, %4, %2, %3, %0; decay=0, optimizer=sgd_update) : f32[3], f32[2, 2]
assign a = %5
assign b = %5.1
)");
}

TEST(GroupUpdates, OneIsLeftAlone) {
  Updates u;
  u.sgd("a", {3}, u.rate("lr"));
  EXPECT_EQ(u.launched(), "sgd_update");
}

TEST(GroupUpdates, ByRate) {
  Updates u;
  const Value fast = u.rate("fast"), slow = u.rate("slow");
  u.sgd("a", {3}, fast);
  u.sgd("b", {3}, slow);
  u.sgd("c", {3}, fast);
  u.sgd("d", {3}, slow);
  EXPECT_EQ(u.launched(), "multi_update multi_update");
}

TEST(GroupUpdates, NotLargeOnesNorLazyOnesNorThoseOfWhichTheStepReadsTheResult) {
  Updates u;
  const Value lr = u.rate("lr");
  u.sgd("a", {3}, lr);
  u.sgd("b", {3}, lr);
  u.sgd("large", {300, 300}, lr);
  u.sgd("lazy", {3, 3}, lr, true);
  u.sgd("also lazy", {3, 3}, lr, true);
  u.graph.output("y", square(u.sgd("c", {3}, lr)));
  u.graph.output("z", square(u.sgd("d", {3}, lr)));
  const std::string launched = u.launched();
  EXPECT_EQ(std::count(launched.begin(), launched.end(), ' '), 7) << launched;
  EXPECT_THAT(launched, ::testing::HasSubstr("multi_update"));
  EXPECT_EQ(launched.find("multi_update"), launched.rfind("multi_update"));
}

TEST(GroupUpdates, SoManyAtATime) {
  Updates u;
  const Value lr = u.rate("lr");
  for (std::size_t i = 0; i < 2 * kMostMultiUpdates + 1; ++i) u.sgd(fmt::format("w{}", i), {3}, lr);
  // Of the last one there is nothing to join.
  const std::string launched = u.launched();
  EXPECT_EQ(std::count(launched.begin(), launched.end(), ' '), 2) << launched;
}

TEST(GroupUpdates, OnlyWhereTheTargetHasThem) {
  Target target = planning_target();
  target.supports = [](const Graph&, const Node& node) { return node.op->name != "multi_update"; };
  Updates u;
  const Value lr = u.rate("lr");
  u.sgd("a", {3}, lr);
  u.sgd("b", {3}, lr);
  const auto plan = compile(std::move(u.graph), target);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(launches(*plan), "sgd_update sgd_update");
  EXPECT_TRUE(plan->in_place.contains("a"));
}

TEST(GroupUpdates, AreMadeInPlace) {
  test::TrainingOptions options;
  options.optimizer = "adam";
  const auto plan = compile(test::training_graph(options), planning_target());
  ASSERT_TRUE(plan.ok());
  EXPECT_THAT(launches(*plan), EndsWith("multi_update linear_update increment"));
  for (const auto& [name, value] : plan->graph.assigns())
    EXPECT_TRUE(plan->in_place.contains(name)) << name;
  EXPECT_TRUE(plan->copies.empty());
}

}  // namespace
}  // namespace bascule
