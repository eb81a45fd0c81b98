// Training with products of fp16 factors and a scaled loss, on the reference device.
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/graph/grad.h>
#include <bascule/graph/op.h>
#include <bascule/graph/ops.h>
#include <bascule/run/program.h>

#include "unit/compile/training_graph.h"

namespace bascule {
namespace {

using ::testing::HasSubstr;

/// A program on the reference device, its variables from a formula.
class Training {
 public:
  Training(Graph graph, const CompileOptions& options) {
    auto program = Program::make(std::move(graph), store_, options);
    EXPECT_TRUE(program.ok()) << program.error().message;
    program_.emplace(std::move(*program));
    for (const auto& [name, variable] : store_.all()) {
      if (variable.role != VariableRole::kParameter) continue;
      std::vector<float> values(static_cast<std::size_t>(variable.type.shape.count()));
      for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = static_cast<float>(i * 7 % 11) / 11 - 0.4F;
      write(name, values);
    }
    write("lr", {0.05F});
  }

  void write(const std::string& name, const std::vector<float>& values) {
    EXPECT_TRUE(store_.write(name, std::span<const float>(values)).ok());
  }
  void step(int count = 1) {
    const std::vector<std::int32_t> labels = {0, 1, 2, 2, 1, 0};
    for (int i = 0; i < count; ++i) {
      std::vector<float> x(30);
      for (std::size_t e = 0; e < x.size(); ++e) x[e] = std::sin(static_cast<float>(e));
      EXPECT_TRUE(program_->feed("x", std::span<const float>(x)).ok());
      EXPECT_TRUE(program_->feed("labels", std::span<const std::int32_t>(labels)).ok());
      program_->step();
    }
  }
  std::vector<float> operator[](const std::string& name) const {
    return store_.values<float>(name).value();
  }
  float number(const std::string& name) const { return (*this)[name].at(0); }
  /// Parameters and the optimizer's states.
  std::map<std::string, std::vector<float>> learned() const {
    std::map<std::string, std::vector<float>> all;
    for (const auto& [name, variable] : store_.all()) {
      if (variable.role != VariableRole::kControl) all[name] = (*this)[name];
    }
    return all;
  }
  [[nodiscard]] const Program& program() const { return *program_; }

 private:
  std::unique_ptr<Device> device_ = make_reference_device();
  VariableStore store_{*device_};
  std::optional<Program> program_;
};

CompileOptions fp16(double initial, std::int64_t growth_steps = 2000) {
  CompileOptions options;
  options.precision = Precision::kFp16;
  options.loss_scaling = {initial, growth_steps};
  return options;
}

Graph network(const std::string& optimizer, bool clip = false) {
  return test::training_graph({.optimizer = optimizer, .clip = clip});
}

/// w − 0.1 dw without an update op, of a loss that is so large.
Graph by_hand(double size) {
  Graph g;
  const Value w = g.variable("w0", f32({5, 3})), x = g.input("x", f32({6, 5}));
  g.input("labels", i32({6}));
  g.variable("lr", f32({}), VariableRole::kControl);
  const std::array parameters = {w};
  const Value gradient = grad(scale(mean(square(matmul(x, w))), size), parameters)[0];
  g.assign(w, w - scale(gradient, 0.1));
  g.output("gradient", gradient);
  return g;
}

void expect_near(const std::vector<float>& actual, const std::vector<float>& expected,
                 double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i)
    EXPECT_NEAR(actual[i], expected[i], tolerance) << i;
}

TEST(LossScale, LearnsWhatFp32Learns) {
  for (const char* optimizer : {"sgd", "nesterov", "rmsprop", "adam"}) {
    for (const bool clip : {false, true}) {
      SCOPED_TRACE(std::string(optimizer) + (clip ? ", clipped" : ""));
      Training half(network(optimizer, clip), fp16(1024)), single(network(optimizer, clip), {});
      half.step(4);
      single.step(4);
      EXPECT_EQ(half.number(kSkippedSteps), 0);
      // Factors have eleven digits; where a gradient is near zero RMSprop and Adam see them most.
      for (const char* name : {"w0", "b0", "w1", "b1"}) expect_near(half[name], single[name], 5e-3);
      EXPECT_NE(half["w0"], single["w0"]);
    }
  }
}

TEST(LossScale, RoundsOnlyFactors) {
  // What is exact in fp16 at any of these scales is learned to the bit alike.
  Training one(network("adam"), fp16(64)), other(network("adam"), fp16(4096));
  one.step(3);
  other.step(3);
  for (const char* name : {"w0", "b0", "w1", "b1"}) expect_near(one[name], other[name], 1e-4);
}

TEST(LossScale, SkipsStepsThatOverflowAndBacksOff) {
  Training training(network("adam"), fp16(0x1p40));
  const auto before = training.learned();
  training.step();
  EXPECT_EQ(training.learned(), before);
  EXPECT_EQ(training.number(kSkippedSteps), 1);
  EXPECT_EQ(training.number(kLossScale), 0x1p39F);
  EXPECT_EQ(training.number("loss_scale.learned.step"), 0);
  int steps = 1;
  for (; training.number("loss_scale.learned.step") == 0; ++steps) {
    ASSERT_LT(steps, 40);
    training.step();
  }
  const float skipped = training.number(kSkippedSteps);
  EXPECT_EQ(static_cast<float>(steps), skipped + 1);
  EXPECT_GT(skipped, 10);
  training.step(4);
  EXPECT_EQ(training.number(kSkippedSteps), skipped);

  // As if it had begun there.
  Training late(network("adam"), fp16(static_cast<double>(training.number(kLossScale))));
  late.step(5);
  EXPECT_EQ(late.number(kSkippedSteps), 0);
  EXPECT_EQ(training.learned(), late.learned());
}

TEST(LossScale, GrowsAfterStepsInARowThatAreClean) {
  Training training(network("sgd"), fp16(8, 3));
  std::vector<float> scales, counts;
  for (int i = 0; i < 7; ++i) {
    training.step();
    scales.push_back(training.number(kLossScale));
    counts.push_back(training.number("loss_scale.clean"));
  }
  EXPECT_EQ(scales, (std::vector<float>{8, 8, 16, 16, 16, 32, 32}));
  EXPECT_EQ(counts, (std::vector<float>{1, 2, 0, 1, 2, 0, 1}));
  training.write(kLossScale, {0x1p60F});
  training.step();
  EXPECT_EQ(training.number("loss_scale.clean"), 0);
  EXPECT_EQ(training.number(kLossScale), 0x1p59F);
}

TEST(LossScale, StaysWithinItsEnds) {
  Training training(network("sgd"), fp16(4));
  training.write("b1", {INFINITY, 0, 0});  // no scale helps
  training.step(5);
  EXPECT_EQ(training.number(kLossScale), 1);

  Training high(by_hand(1e-9), fp16(0x1p22, 1));
  high.step(5);
  EXPECT_EQ(high.number(kSkippedSteps), 0);
  EXPECT_EQ(high.number(kLossScale), 0x1p24F);
}

TEST(LossScale, KeepsWhatIsUpdatedByHand) {
  Training overflowing(by_hand(1), fp16(0x1p60));
  const auto before = overflowing["w0"];
  overflowing.step();
  EXPECT_EQ(overflowing["w0"], before);
  Training half(by_hand(1), fp16(256)), single(by_hand(1), {});
  half.step();
  single.step();
  expect_near(half["w0"], single["w0"], 1e-4);
  std::vector<float> ours(15), theirs(15);
  EXPECT_TRUE(half.program().read("gradient", std::span(ours)).ok());
  EXPECT_TRUE(single.program().read("gradient", std::span(theirs)).ok());
  expect_near(ours, theirs, 1e-3);
}

TEST(LossScale, IsAPassThatSaysWhatItDid) {
  CompileOptions options = fp16(1024);
  options.keep_texts = true;
  const auto reference = make_reference_device();
  const auto plan = compile(network("adam"), reference->target(), options);
  ASSERT_TRUE(plan.ok()) << plan.error().message;
  std::size_t products = 0;
  for (NodeId id = 0; id < plan->graph.size(); ++id) {
    const Node& node = plan->graph.node(id);
    products += node.op->product ? 1 : 0;
    EXPECT_EQ(multiplies_fp16(node), node.op->product) << node.op->name;
    EXPECT_NE(node.op->name, "linear_update");  // all gradients are looked at before any is used
  }
  EXPECT_EQ(products, 5U);
  EXPECT_EQ(plan->passes[0].name, "loss_scale");
  EXPECT_THAT(plan->passes[0].text, HasSubstr("loss_scale.skipped"));
  for (const char* name : {"w0", "w1"}) EXPECT_TRUE(plan->in_place.contains(name)) << name;
}

TEST(LossScale, IsRefusedWhereThereAreNoProductsOfFp16) {
  const auto refused = compile(network("sgd"), test::planning_target(), fp16(1024));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kUsage);
  EXPECT_THAT(refused.error().message, HasSubstr("precision fp16: "));
}

TEST(LossScale, IsRefusedForMoreThanOneLoss) {
  Graph graph;
  const Value w = graph.variable("w", f32({3}));
  const std::array parameters = {w};
  const Value first = grad(sum(w), parameters)[0], second = grad(sum(square(w)), parameters)[0];
  graph.assign(w, w - first - second);
  const auto reference = make_reference_device();
  const auto refused = compile(std::move(graph), reference->target(), fp16(1024));
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("more than one loss"));
}

}  // namespace
}  // namespace bascule
