#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/devices/null_device.h>
#include <bascule/graph/grad.h>
#include <bascule/graph/op.h>
#include <bascule/run/program.h>

#include "run/program_state.h"
#include "unit/compile/training_graph.h"
#include "unit/run/allocations.h"
#include "unit/run/panel_device.h"

namespace bascule {
namespace {

using test::allocations;
using test::planning_target;
using test::training_graph;
using test::TrainingOptions;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Floats = std::vector<float>;

Program made(Graph graph, VariableStore& store) {
  auto program = Program::make(std::move(graph), store);
  EXPECT_TRUE(program.ok()) << program.error().message;
  return std::move(program).value();
}

void write(VariableStore& store, const std::string& name, const Floats& values) {
  ASSERT_TRUE(store.write(name, std::span<const float>(values)).ok());
}

Floats output(const Program& program, const std::string& name, std::size_t count) {
  Floats values(count);
  EXPECT_TRUE(program.read(name, std::span(values)).ok());
  return values;
}

class ProgramTest : public ::testing::Test {
 protected:
  std::unique_ptr<Device> device_ = make_reference_device();
  VariableStore store_{*device_};
};

TEST_F(ProgramTest, ReadsOfAVariableSeeItsValueFromBeforeTheStep) {
  Graph graph;
  const Value v = graph.variable("v", f32({2}));
  graph.assign(v, offset(v, 1));
  graph.output("before", v);
  graph.output("twice", scale(v, 2));
  Program program = made(std::move(graph), store_);
  program.step();
  program.step();
  EXPECT_THAT(output(program, "before", 2), ElementsAre(1, 1));
  EXPECT_THAT(output(program, "twice", 2), ElementsAre(2, 2));
  EXPECT_THAT(*store_.values<float>("v"), ElementsAre(2, 2));
}

TEST_F(ProgramTest, VariablesSwap) {
  Graph graph;
  const Value a = graph.variable("a", f32({2})), b = graph.variable("b", f32({2}));
  graph.assign(a, b);
  graph.assign(b, a);
  Program program = made(std::move(graph), store_);
  write(store_, "a", {1, 2});
  write(store_, "b", {3, 4});
  program.step();
  EXPECT_THAT(*store_.values<float>("a"), ElementsAre(3, 4));
  EXPECT_THAT(*store_.values<float>("b"), ElementsAre(1, 2));
}

TEST_F(ProgramTest, ATargetNetworkTakesTheOldWeights) {
  Graph graph;
  const Value online = graph.variable("online", f32({2}));
  const Value target = graph.variable("target", f32({2}));
  graph.assign(online, scale(online, 10));
  graph.assign(target, online);
  Program program = made(std::move(graph), store_);
  write(store_, "online", {1, 2});
  program.step();
  EXPECT_THAT(*store_.values<float>("online"), ElementsAre(10, 20));
  EXPECT_THAT(*store_.values<float>("target"), ElementsAre(1, 2));
}

TEST_F(ProgramTest, TwoProgramsShareTheirVariables) {
  Graph doubling;
  const Value v = doubling.variable("v", f32({3}));
  doubling.assign(v, scale(v, 2));
  Graph summing;
  summing.output("sum", sum(summing.variable("v", f32({3}))));
  Program first = made(std::move(doubling), store_), second = made(std::move(summing), store_);
  write(store_, "v", {1, 2, 3});
  first.step();
  second.step();
  EXPECT_EQ(*second.scalar("sum"), 12);
  first.step();
  second.step();
  EXPECT_EQ(*second.scalar("sum"), 24);
}

TEST_F(ProgramTest, AnOutputIsThatOfTheLastStepWhateverOthersDo) {
  Graph graph;
  const Value v = graph.variable("v", f32({1}));
  graph.output("v", v);
  graph.output("view", reshape(v, {}));
  Program program = made(std::move(graph), store_);
  program.step();
  write(store_, "v", {7});
  EXPECT_EQ(*program.scalar("v"), 0);
  EXPECT_EQ(*program.scalar("view"), 0);
}

TEST_F(ProgramTest, TrainingGoesOnFromSavedVariables) {
  TrainingOptions options;
  options.optimizer = "adam";
  const auto start = [&](VariableStore& store) {
    Program program = made(training_graph(options), store);
    EXPECT_TRUE(program.feed("x", std::span<const float>(Floats(30, 0.5F))).ok());
    EXPECT_TRUE(program
                    .feed("labels", std::span<const std::int32_t>(
                                        std::vector<std::int32_t>{0, 1, 2, 0, 1, 2}))
                    .ok());
    return program;
  };
  Program whole = start(store_);
  write(store_, "lr", {0.1F});
  write(store_, "w0", Floats(35, 0.3F));
  for (int i = 0; i < 3; ++i) whole.step();
  VariableStore other(*device_);
  Program resumed = start(other);
  for (const auto& [name, variable] : store_.all()) {
    std::vector<std::byte> bytes(static_cast<std::size_t>(variable.type.bytes()));
    ASSERT_TRUE(store_.read(name, std::span(bytes)).ok());
    ASSERT_TRUE(other.write(name, std::span<const std::byte>(bytes)).ok());
  }
  whole.step();
  resumed.step();
  for (const auto& [name, variable] : store_.all()) {
    if (variable.type.dtype != DType::kF32) continue;
    EXPECT_EQ(*store_.values<float>(name), *other.values<float>(name)) << name;
  }
  EXPECT_THAT(*other.values<std::int64_t>("step"), ElementsAre(4));
}

TEST_F(ProgramTest, BoundMemoryIsReadAtEveryStep) {
  Graph graph;
  graph.output("y", scale(graph.input("x", f32({2})), 3));
  Program program = made(std::move(graph), store_);
  alignas(64) float x[2] = {1, 2};
  ASSERT_TRUE(program.bind("x", x).ok());
  program.step();
  EXPECT_THAT(output(program, "y", 2), ElementsAre(3, 6));
  x[0] = 5;
  program.step();
  EXPECT_THAT(output(program, "y", 2), ElementsAre(15, 6));
}

TEST_F(ProgramTest, ConstantsOfEveryType) {
  Graph graph;
  const Value labels = graph.constant(2, i32({2}));
  graph.output("picked", pick(graph.input("x", f32({2, 3})), labels));
  graph.output("half", graph.constant(0.5, f32({2})));
  graph.output("counted", increment(graph.constant(41, i64({}))));
  Program program = made(std::move(graph), store_);
  ASSERT_TRUE(program.feed("x", std::span<const float>(Floats{1, 2, 3, 4, 5, 6})).ok());
  program.step();
  EXPECT_THAT(output(program, "picked", 2), ElementsAre(3, 6));
  EXPECT_THAT(output(program, "half", 2), ElementsAre(0.5, 0.5));
  std::int64_t counted = 0;
  ASSERT_TRUE(program.read("counted", std::span(&counted, 1)).ok());
  EXPECT_EQ(counted, 42);
}

TEST_F(ProgramTest, WrongNamesAndSizesAreErrors) {
  Program program = made(training_graph({}), store_);
  Floats few(3);
  EXPECT_EQ(program.bind("y", few.data()).error().message, "the program has no input y");
  EXPECT_EQ(program.feed("x", std::span<const float>(few)).error().message,
            "12 bytes for the input x, which is f32[6, 5]");
  EXPECT_EQ(program.read("loss", std::span(few)).error().message,
            "12 bytes for the output loss, which is f32[]");
  EXPECT_FALSE(program.scalar("accuracy").ok());
  EXPECT_EQ(store_.declare("w0", f32({2}), VariableRole::kParameter).error().code, Code::kUsage);
  EXPECT_FALSE(store_.write("w0", std::span<const float>(few)).ok());
  EXPECT_FALSE(store_.values<float>("w9").ok());
}

TEST_F(ProgramTest, ExplainsAndProfiles) {
  Program program = made(training_graph({}), store_);
  const std::string text = program.explain();
  for (const char* part : {"fuse_update", "linear_update", "arena", "plain loop", "w0"})
    EXPECT_THAT(text, HasSubstr(part));
  ASSERT_TRUE(program.feed("x", std::span<const float>(Floats(30))).ok());
  const std::vector<std::int32_t> labels(6);
  ASSERT_TRUE(program.feed("labels", std::span<const std::int32_t>(labels)).ok());
  EXPECT_EQ(program.profile(2).value().size(), program.plan().order.size());
  EXPECT_THAT(*store_.values<std::int64_t>("step"), ElementsAre(2));
}

TEST(ProgramLayouts, AProgramAdaptsToTheLayoutThatAnotherFixed) {
  const auto device = test::make_panel_device();
  VariableStore store(*device);
  ASSERT_TRUE(store.declare("w", f32({3, 5}), VariableRole::kParameter).ok());
  Floats w(15);
  for (std::size_t i = 0; i < w.size(); ++i) w[i] = static_cast<float>(i);
  write(store, "w", w);
  Graph product;
  product.output("y", matmul(product.input("x", f32({1, 3})), product.variable("w", f32({3, 5}))));
  Program first = made(std::move(product), store);
  EXPECT_EQ(store.find("w")->layout, Layout::kPanels);
  EXPECT_EQ(*store.values<float>("w"), w);
  // The second reads and writes it as a plain matrix.
  Graph plain;
  const Value v = plain.variable("w", f32({3, 5}));
  plain.output("sum", sum(v));
  plain.assign(v, scale(v, 2));
  Program second = made(std::move(plain), store);
  second.step();
  EXPECT_EQ(*second.scalar("sum"), 105);
  ASSERT_TRUE(first.feed("x", std::span<const float>(Floats{1, 0, 0})).ok());
  first.step();
  EXPECT_THAT(output(first, "y", 5), ElementsAre(0, 2, 4, 6, 8));
  // And what the first of them needs row-major stays so.
  EXPECT_FALSE(store.fix_layout("w", Layout::kRowMajor).ok());
}

TEST(ProgramAllocations, AStepAllocatesNothing) {
  const auto device = make_reference_device();
  const auto null = make_null_device(planning_target());
  for (Device* one : {device.get(), static_cast<Device*>(null.get())}) {
    VariableStore store(*one);
    TrainingOptions options;
    options.clip = true;
    options.dropout = 0.5;
    Program program = made(training_graph(options), store);
    ASSERT_TRUE(program.feed("x", std::span<const float>(Floats(30))).ok());
    const std::vector<std::int32_t> labels(6);
    ASSERT_TRUE(program.feed("labels", std::span<const std::int32_t>(labels)).ok());
    program.step();
    const std::int64_t before = allocations();
    for (int i = 0; i < 10; ++i) program.step();
    EXPECT_EQ(allocations(), before) << one->target().device;
    const auto counted = std::make_unique<int>(1);
    EXPECT_GT(allocations(), before);
  }
}

TEST(CsrInput, PartsOfItsMemory) {
  alignas(8) std::byte memory[(2 + 1) * 8 + 5 * 8];
  const ValueType type{DType::kF32, {2, 9}, Storage::kCsr, 5};
  ASSERT_EQ(type.bytes(), static_cast<std::int64_t>(sizeof memory));
  const CsrArgument csr = csr_view(type, memory);
  EXPECT_EQ(static_cast<void*>(csr.offsets), memory);
  EXPECT_EQ(static_cast<void*>(csr.indices), memory + 24);
  EXPECT_EQ(static_cast<void*>(csr.values), memory + 44);
}

TEST(NullDevice, CountsAndAllocatesOnPaper) {
  Target target = planning_target();
  target.alignment = 64;
  const auto device = make_null_device(target);
  {
    VariableStore store(*device);
    TrainingOptions options;
    options.batch = 1024;
    options.widths = {100000, 100000, 10};  // 40 GB of weights
    Program program = made(training_graph(options), store);
    EXPECT_GT(device->counts().peak, 40e9);
    alignas(64) static const float anything[1] = {};
    ASSERT_TRUE(program.bind("x", anything).ok());
    ASSERT_TRUE(program.bind("labels", anything).ok());
    device->reset_counts();
    program.step();
    const NullDevice::Counts counts = device->counts();
    EXPECT_EQ(counts.launches, static_cast<std::int64_t>(program.plan().order.size()));
    // Two products of the wide layer (its input has no gradient), three of the narrow one.
    const double products = 2.0 * 1024 * 100000 * (2 * 100000.0 + 3 * 10);
    EXPECT_GT(counts.flops, products);
    EXPECT_LT(counts.flops, 1.01 * products);
    EXPECT_EQ(*program.scalar("loss"), 0);
  }
  EXPECT_EQ(device->counts().allocated, 0);
}

}  // namespace
}  // namespace bascule
