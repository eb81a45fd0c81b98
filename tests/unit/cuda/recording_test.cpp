// Steps launched as one CUDA graph: the same bits as launched one by one, whatever changes between
// steps, and what happens where the driver does not record.
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/devices/device_activity.h>
#include <bascule/graph/ops.h>
#include <bascule/nn/layers.h>
#include <bascule/nn/trainer.h>
#include <bascule/recsys/mult_vae.h>

#include "cuda/open_fake.h"
#include "devices/cuda/device.h"
#include "unit/cuda/random_task.h"
#include "unit/cuda/trained.h"
#include "unit/recsys/autoencoder_testing.h"

namespace bascule::cuda {
namespace {

using bascule::test::open_fake, bascule::test::FakeDriver;
using bascule::test::RandomTask;
using bascule::test::Trained;
using ::testing::HasSubstr;

std::unique_ptr<Device> open(const FakeDriver& fake, bool record) {
  return open_fake(fake, {.record_steps = record});
}

Trained train(Device& device, const std::vector<nn::LayerPtr>& layers, std::int64_t features,
              const nn::FitOptions& options) {
  const RandomTask task(57, features);
  auto network = nn::Network::make(nn::Sequential(layers), {features}, device, 3);
  EXPECT_TRUE(network.ok());
  // The last batch of an epoch is smaller: a program of its own.
  return bascule::test::train(*network, task.samples(0, 45), task.samples(45, 57), options);
}

void expect_same_bits(const std::vector<nn::LayerPtr>& layers, std::int64_t features,
                      const nn::FitOptions& options) {
  FakeDriver fake;
  const Trained plain = train(*open(fake, false), layers, features, options);
  EXPECT_EQ(fake.graph_launches(), 0);
  const Trained recorded = train(*open(fake, true), layers, features, options);
  // Of each program, of training and of validation, all steps but the first.
  const std::int64_t batches = 45 / options.batch_size;
  EXPECT_GE(fake.graph_launches(), options.epochs * (batches + 1) - 2);
  EXPECT_EQ(recorded, plain);
}

nn::FitOptions options(std::int64_t batch, nn::OptimizerOptions optimizer) {
  nn::FitOptions o;
  o.optimizer = std::move(optimizer);
  o.schedule.type = "cosine";  // another learning rate in every step
  o.epochs = 3;
  o.batch_size = batch;
  return o;
}

TEST(CudaRecording, TrainsNetworksOfTheShapeOfC1) {
  expect_same_bits({nn::dense(20, "sigmoid"), nn::dropout(0.3), nn::dense(10, "softmax")}, 70,
                   options(16, nn::nesterov(0.02, 0.9)));
}

TEST(CudaRecording, TrainsNetworksOfTheShapeOfC4) {
  std::vector<nn::LayerPtr> layers;
  layers.reserve(7);
  for (int i = 0; i < 5; ++i) layers.push_back(nn::dense(23, "relu"));
  layers.push_back(nn::batch_norm());
  layers.push_back(nn::dense(10, "softmax"));
  expect_same_bits(layers, 31, options(8, nn::adam(0.003)));
}

TEST(CudaRecording, TrainsMultVae) {
  const Split split =
      make_split(autoencoder_testing::tastes(), {}, {.seed = 1, .heldout = 60}).value();
  MultVaeOptions o;
  o.hidden = {12};
  o.latent = 5;
  o.epochs = 3;
  o.batch_size = 150;  // batches of different counts of non-zeros, the last with fewer users
  FakeDriver fake;
  const auto lists = [&](bool record) {
    MultVae model(o);
    EXPECT_TRUE(model.use_device(open(fake, record)).ok());
    const LearnRequest request{
        split.train.view(), split.valid_in.view(), split.valid_out.view(), {}};
    const auto learned = model.learn(request, default_pool());
    EXPECT_TRUE(learned.ok()) << learned.error().message;
    return model.recommend_all(split.test_in.view(), {10, true}, default_pool());
  };
  const TopLists plain = lists(false);
  EXPECT_EQ(fake.graph_launches(), 0);
  const TopLists recorded = lists(true);
  EXPECT_GT(fake.graph_launches(), 10);
  EXPECT_EQ(recorded.items, plain.items);
  EXPECT_EQ(recorded.scores, plain.scores);
}

/// y = 2 x and a counter.
Graph doubling() {
  Graph graph;
  const Value count = graph.variable("count", {DType::kI64, {}}, VariableRole::kControl);
  graph.assign(count, increment(count));
  graph.output("y", scale(graph.input("x", f32({3})), 2));
  return graph;
}

std::vector<float> read(const Program& program) {
  std::vector<float> y(3);
  EXPECT_TRUE(program.read("y", std::span(y)).ok());
  return y;
}

TEST(CudaRecording, DoesNotWaitBetweenSteps) {
  FakeDriver fake;
  const auto device = open(fake, true);
  VariableStore store(*device);
  Program program = Program::make(doubling(), store).value();
  const int waits = fake.waits();
  std::vector<float> x(3);
  for (int i = 0; i < 20; ++i) {
    std::iota(x.begin(), x.end(), static_cast<float>(i));
    ASSERT_TRUE(program.bind_host("x", x.data()).ok());
    program.step();
  }
  EXPECT_EQ(fake.waits(), waits);
  EXPECT_EQ(fake.graph_launches(), 19);
  EXPECT_EQ(read(program), (std::vector<float>{38, 40, 42}));
  EXPECT_EQ(store.values<std::int64_t>("count").value().at(0), 20);
  EXPECT_THAT(program.explain(),
              HasSubstr("steps launched as one recording: 19, launch by launch: 1\n"));
  const DeviceActivity counted = dynamic_cast<const CountsActivity&>(*device).activity();
  EXPECT_EQ(counted.recordings, 19);
  EXPECT_EQ(counted.launches, 40);
}

TEST(CudaRecording, FollowsInputsThatMove) {
  FakeDriver fake;
  const auto device = open(fake, true);
  VariableStore store(*device);
  Program program = Program::make(doubling(), store).value();
  std::vector<std::unique_ptr<DeviceMemory>> places;
  for (const float first : {1.0F, 2.0F, 3.0F}) {
    const std::vector<float> x = {first, 10 * first, 0};
    places.push_back(std::move(device->allocate(12)).value());
    device->upload(x.data(), places.back()->data(), f32({3}), Layout::kRowMajor);
  }
  for (const std::size_t place : {0, 1, 0, 1, 1, 1, 2, 2}) {
    ASSERT_TRUE(program.bind("x", places[place]->data()).ok());
    program.step();
    EXPECT_EQ(read(program)[0], 2 * static_cast<float>(place + 1));
  }
  EXPECT_EQ(fake.graph_launches(),
            3);  // of every row of steps with the same place all but the first
}

TEST(CudaRecording, FollowsASparseInputThatIsBoundAgain) {
  FakeDriver fake;
  const auto device = open(fake, true);
  VariableStore store(*device);
  Graph graph;
  graph.output("y",
               sparse_matmul(graph.input("x", csr_f32({1, 3}, 3)), graph.constant(1, f32({3, 1}))));
  Program program = Program::make(std::move(graph), store).value();
  const std::vector<std::int64_t> offsets = {0, 2};
  const std::vector<std::int32_t> indices = {0, 2};
  const auto place = [&](const auto& host, const ValueType& type) {
    auto memory = std::move(device->allocate(type.bytes())).value();
    device->upload(host.data(), memory->data(), type, Layout::kRowMajor);
    return memory;
  };
  const auto o = place(offsets, {DType::kI64, {2}}), i = place(indices, i32({2}));
  const auto first = place(std::vector<float>{1, 2}, f32({2})),
             second = place(std::vector<float>{10, 20}, f32({2}));
  CsrArgument x = {static_cast<std::int64_t*>(o->data()), static_cast<std::int32_t*>(i->data()),
                   static_cast<float*>(first->data())};
  for (const bool other : {false, false, true, true, true, false}) {
    x.values = static_cast<float*>((other ? second : first)->data());
    ASSERT_TRUE(program.bind("x", &x).ok());
    program.step();
    std::vector<float> y(1);
    ASSERT_TRUE(program.read("y", std::span(y)).ok());
    EXPECT_EQ(y[0], other ? 30 : 3);
  }
  EXPECT_EQ(fake.graph_launches(), 3);
}

TEST(CudaRecording, StepsPlainlyWhereTheDriverDoesNotRecord) {
  FakeDriver fake;
  fake.records = false;
  const auto device = open(fake, true);
  VariableStore store(*device);
  Program program = Program::make(doubling(), store).value();
  const std::vector<float> x = {1, 2, 3};
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(program.bind_host("x", x.data()).ok());
    program.step();
  }
  EXPECT_EQ(read(program), (std::vector<float>{2, 4, 6}));
  EXPECT_EQ(store.values<std::int64_t>("count").value().at(0), 4);
  EXPECT_THAT(program.explain(),
              HasSubstr("recording: 0, launch by launch: 4; not recorded: cuStreamBeginCapture_v2: "
                        "told to fail"));
}

TEST(CudaRecording, RefusesWorkThatWaitsAndGoesOn) {
  FakeDriver fake;
  const auto device = open(fake, true);
  auto memory = std::move(device->allocate(4)).value();
  float read = 7;
  const auto refused =
      device->record([&] { device->download(memory->data(), &read, f32({1}), Layout::kRowMajor); });
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(read, 7);
  device->download(memory->data(), &read, f32({1}), Layout::kRowMajor);
  EXPECT_TRUE(device->synchronize().ok());
  EXPECT_EQ(read, 0);
}

TEST(CudaRecording, KeepsTheArgumentsOfThen) {
  FakeDriver fake;
  const auto device = open(fake, true);
  const std::vector<float> values = {1, 2};
  auto from = std::move(device->allocate(8)).value(), to = std::move(device->allocate(4)).value();
  device->upload(values.data(), from->data(), f32({2}), Layout::kRowMajor);
  auto* source = static_cast<std::byte*>(from->data());
  const auto recording = device->record([&] { device->copy(source, to->data(), 4); });
  ASSERT_TRUE(recording.ok());
  float read = 0;
  const auto now = [&] {
    device->download(to->data(), &read, f32({1}), Layout::kRowMajor);
    return read;
  };
  EXPECT_EQ(now(), 0);  // nothing was done
  source += 4;
  (*recording)->launch();
  EXPECT_EQ(now(), 1);
}

}  // namespace
}  // namespace bascule::cuda
