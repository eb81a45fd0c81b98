// The cuda device over the emulated driver: memory, transfers, a training program, and what happens
// when any one call of the driver fails.
#include "devices/cuda/device.h"

#include <numeric>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bascule/run/program.h>

#include "cuda/every_failure.h"
#include "cuda/open_fake.h"
#include "devices/cuda/arena.h"
#include "devices/cuda/staging.h"
#include "unit/compile/training_graph.h"

namespace bascule::cuda {
namespace {

using bascule::test::FakeDriver, bascule::test::open_fake;

/// Some steps of a small network with everything a training step has; the loss of the last one.
Result<float> train(Device& device) {
  VariableStore store(device);
  Graph graph = bascule::test::training_graph({.optimizer = "adam", .dropout = 0.25});
  BASCULE_ASSIGN(Program program, Program::make(std::move(graph), store));
  const std::vector<float> lr = {0.05F};
  BASCULE_TRY(store.write("lr", std::span<const float>(lr)));
  for (const auto& [name, shape] : {std::pair("w0", 35), {"w1", 21}}) {
    std::vector<float> values(static_cast<std::size_t>(shape));
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>(i * 7 % 11) / 11 - 0.5F;
    BASCULE_TRY(store.write(name, std::span<const float>(values)));
  }
  std::vector<float> x(30);
  std::iota(x.begin(), x.end(), -15.0F);
  for (float& value : x) value /= 10;
  const std::vector<std::int32_t> labels = {0, 1, 2, 2, 1, 0};
  float loss = 0;
  for (int step = 0; step < 3; ++step) {
    BASCULE_TRY(program.bind_host("x", x.data()));
    BASCULE_TRY(program.bind_host("labels", labels.data()));
    program.step();
    BASCULE_ASSIGN(loss, program.scalar("loss"));
  }
  return loss;
}

TEST(CudaDevice, TrainsAsTheJudgeDoes) {
  FakeDriver fake;
  const auto device = open_fake(fake);
  const auto reference = make_reference_device();
  const Result<float> loss = train(*device), expected = train(*reference);
  ASSERT_TRUE(loss.ok()) << loss.error().message;
  EXPECT_NEAR(*loss, *expected, 1e-5);
}

TEST(CudaDevice, TellsTheFirstFailureAndLeaksNothing) {
  bascule::test::expect_every_failure_told(
      [](Device& device) -> Status {
        BASCULE_TRY(train(device));
        return {};
      },
      100);
}

TEST(CudaDevice, TellsTheFirstFailureOfCublasLt) {
  bascule::test::expect_every_failure_told(
      [](Device& device) -> Status {
        BASCULE_TRY(train(device));
        return {};
      },
      200, /*with_blas=*/true);
}

TEST(CudaDevice, DoesNothingAfterAFailure) {
  FakeDriver fake;
  const auto device = open_fake(fake);
  auto memory = device->allocate(4);
  ASSERT_TRUE(memory.ok());
  const float sent = 1;
  float read = 7;
  fake.fail_at = fake.calls() + 2;  // after cuCtxSetCurrent
  device->upload(&sent, (*memory)->data(), f32({1}), Layout::kRowMajor);
  const int calls = fake.calls();
  device->download((*memory)->data(), &read, f32({1}), Layout::kRowMajor);
  EXPECT_EQ(fake.calls(), calls);
  EXPECT_EQ(read, 7);
  EXPECT_EQ(device->synchronize().error().message,
            "cuda:0: cuEventSynchronize: told to fail (CUDA_ERROR_FAKE)");
  EXPECT_FALSE(device->allocate(4).ok());
}

TEST(CudaDevice, GivesMemoryThatIsZero) {
  FakeDriver fake;
  const auto device = open_fake(fake);
  for (const std::int64_t bytes : {1, 1000, (1 << 20) + 4, 1000}) {
    auto memory = device->allocate(bytes);
    ASSERT_TRUE(memory.ok());
    EXPECT_EQ((*memory)->bytes(), bytes);
    std::vector<std::int32_t> host(static_cast<std::size_t>(bytes / 4), 1);
    device->download((*memory)->data(), host.data(), i32({bytes / 4}), Layout::kRowMajor);
    EXPECT_EQ(host, std::vector<std::int32_t>(host.size(), 0));
    std::fill(host.begin(), host.end(), 9);
    device->upload(host.data(), (*memory)->data(), i32({bytes / 4}), Layout::kRowMajor);
  }
}

TEST(CudaDevice, KeepsBlocksForTheNextOne) {
  FakeDriver fake;
  const auto device = open_fake(fake);
  for (int i = 0; i < 10; ++i) {
    auto first = device->allocate(1000), second = device->allocate(3 << 20);
    ASSERT_TRUE(first.ok() && second.ok());
  }
  EXPECT_EQ(fake.allocations(), 2 + 1);  // the pinned buffers
}

TEST(CudaDevice, GivesBackWhatItKeepsBeforeItRefuses) {
  FakeDriver fake;
  fake.memory = 64 << 20;
  const auto device = open_fake(fake);
  ASSERT_TRUE(device->allocate(40 << 20).ok());  // given back at once, and kept
  auto other = device->allocate(50 << 20);
  ASSERT_TRUE(other.ok()) << other.error().message;
  const auto refused = device->allocate(50 << 20);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kFailed);
  EXPECT_EQ(refused.error().message, "cuda:0: out of memory: 52.4 MB are needed, 14.7 MB are free");
  EXPECT_FALSE(device->allocate(std::numeric_limits<std::int64_t>::max()).ok());
  // Memory refused is no failure of the device.
  EXPECT_TRUE(device->synchronize().ok());
}

TEST(CudaDevice, MovesMoreThanItsPinnedBuffersHold) {
  FakeDriver fake;
  const auto device = open_fake(fake);
  for (const std::int64_t count :
       {std::int64_t{1}, Staging::kBufferBytes / 4, 21 * Staging::kBufferBytes / 4 + 3}) {
    std::vector<std::int32_t> sent(static_cast<std::size_t>(count)), read(sent.size());
    std::iota(sent.begin(), sent.end(), 1);
    auto memory = device->allocate(4 * count), other = device->allocate(4 * count);
    ASSERT_TRUE(memory.ok() && other.ok());
    device->upload(sent.data(), (*memory)->data(), i32({count}), Layout::kRowMajor);
    device->copy((*memory)->data(), (*other)->data(), 4 * count);
    device->download((*other)->data(), read.data(), i32({count}), Layout::kRowMajor);
    ASSERT_TRUE(device->synchronize().ok());
    EXPECT_EQ(sent, read);
  }
}

TEST(CudaDevice, MemoryOutlivesTheDevice) {
  FakeDriver fake;
  auto device = open_fake(fake);
  auto memory = device->allocate(100);
  device.reset();
  EXPECT_GT(fake.alive(), 0U);
  memory = Error{};
  EXPECT_EQ(fake.alive(), 0U);
}

TEST(CudaDevice, RefusesOpsWithoutKernelsByName) {
  FakeDriver fake;
  const auto device = open_fake(fake);
  Graph graph;
  Value x =
      graph.input("x", f32({1, 1, 1, 1, 1, 1, 1, 1, 2}));  // more axes than kernels walk along
  graph.output("y", exp(x));
  VariableStore store(*device);
  const auto program = Program::make(std::move(graph), store);
  ASSERT_FALSE(program.ok());
  EXPECT_EQ(program.error().code, Code::kUsage);
  EXPECT_EQ(program.error().message, "[exp] has no kernel on cuda:0");
}

}  // namespace
}  // namespace bascule::cuda
