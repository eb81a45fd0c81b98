// Which nodes and layouts bf16 changes, and which it leaves alone.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/graph/op.h>

#include "unit/compile/training_graph.h"

namespace bascule {
namespace {

using test::launches;
using test::training_graph;

Target target_with_panels() {
  Target target = test::planning_target();
  target.panel = 32;
  target.lanes = 16;
  return target;
}

Plan planned(const test::TrainingOptions& what, const CompileOptions& options) {
  auto plan = compile(training_graph(what), target_with_panels(), options);
  EXPECT_TRUE(plan.ok()) << plan.error().message;
  return std::move(plan).value();
}

Plan bf16(const test::TrainingOptions& what, std::map<std::string, Layout> fixed = {}) {
  CompileOptions options;
  options.precision = Precision::kBf16;
  options.variable_layouts = std::move(fixed);
  return planned(what, options);
}

test::TrainingOptions adam() {
  test::TrainingOptions what;
  what.optimizer = "adam";
  return what;
}

TEST(MixedPrecision, RoundsTheFactorsOfProductsAlone) {
  const Plan plan = bf16(adam());
  std::size_t products = 0;
  for (NodeId id = 0; id < plan.graph.size(); ++id) {
    const Node& node = plan.graph.node(id);
    const bool product = node.op->name.starts_with("linear");
    products += product ? 1 : 0;
    EXPECT_EQ(multiplies_bf16(node), product) << node.op->name;
    for (const ValueType& type : node.outputs) EXPECT_NE(type.dtype, DType::kBf16);
  }
  // Two layers: forward, update, and the input gradient of the second.
  EXPECT_EQ(products, 5U);
  EXPECT_EQ(launches(plan), launches(planned(adam(), {})));
}

TEST(MixedPrecision, WeightsLieInHalvesAndStatesInPanels) {
  const Plan plan = bf16(adam());
  int halves = 0, panels = 0;
  for (const auto& [name, layout] : plan.layouts) {
    halves += layout == Layout::kHalves ? 1 : 0;
    panels += layout == Layout::kPanels ? 1 : 0;
  }
  EXPECT_EQ(plan.layouts.at("w0"), Layout::kHalves);
  EXPECT_EQ(plan.layouts.at("w1"), Layout::kHalves);
  EXPECT_EQ(halves, 2);
  EXPECT_EQ(panels, 4);  // two moments of each
  EXPECT_TRUE(plan.loads.empty());
  EXPECT_TRUE(plan.in_place.contains("w0"));
}

TEST(MixedPrecision, IsOffByDefaultAndCanBeSkipped) {
  CompileOptions skipped;
  skipped.precision = Precision::kBf16;
  skipped.skip = {"mixed_precision"};
  for (const CompileOptions& options : {CompileOptions{}, skipped}) {
    const Plan plan = planned(adam(), options);
    for (NodeId id = 0; id < plan.graph.size(); ++id)
      EXPECT_FALSE(multiplies_bf16(plan.graph.node(id)));
    EXPECT_EQ(plan.layouts.at("w0"), Layout::kPanels);
  }
}

// A program of float products fixed the layout first: this one reads copies.
TEST(MixedPrecision, AdaptsToPanelsThatAnotherProgramFixed) {
  const Plan plan = bf16({}, {{"w0", Layout::kPanels}});
  EXPECT_EQ(plan.layouts.at("w0"), Layout::kPanels);
  EXPECT_TRUE(plan.loads.contains("w0"));
  EXPECT_EQ(plan.layouts.at("w1"), Layout::kHalves);
}

TEST(Target, BytesOfLayouts) {
  const Target target = target_with_panels();
  EXPECT_EQ(target.bytes(f32({5, 33}), Layout::kRowMajor), 4 * 5 * 33);
  EXPECT_EQ(target.bytes(f32({5, 33}), Layout::kPanels), 4 * 5 * 48);
  EXPECT_EQ(target.bytes(f32({5, 33}), Layout::kHalves), 4 * 6 * 48);
}

}  // namespace
}  // namespace bascule
