// Training in fp16 on the emulated cuda device: as the judge, in recorded steps to the bit, and
// resumed to the bit.
#include <gtest/gtest.h>

#include <bascule/base/random.h>
#include <bascule/nn/layers.h>
#include <bascule/nn/trainer.h>

#include "cuda/fake_blas.h"
#include "cuda/fake_driver.h"
#include "devices/cuda/device.h"
#include "temp_folder.h"
#include "unit/cuda/random_task.h"
#include "unit/cuda/trained.h"

namespace bascule::cuda {
namespace {

using bascule::test::FakeBlas;
using bascule::test::FakeDriver;
using bascule::test::RandomTask;
using bascule::test::Trained;

constexpr std::int64_t kFeatures = 21, kBatches = 6;

CompileOptions half(double initial, std::int64_t growth_steps) {
  CompileOptions options;
  options.precision = Precision::kFp16;
  options.loss_scaling = {initial, growth_steps};
  return options;
}

nn::Network make(Device& device, const CompileOptions& compile) {
  auto network =
      nn::Network::make({nn::dense(17, "tanh"), nn::dropout(0.2), nn::dense(10, "softmax")},
                        {kFeatures}, device, 3, compile);
  EXPECT_TRUE(network.ok()) << network.error().message;
  return std::move(*network);
}

nn::FitOptions options(std::int64_t epochs) {
  nn::FitOptions o;
  o.optimizer = nn::adam(0.01);
  o.epochs = epochs;
  o.batch_size = 8;
  return o;
}

Trained fit(nn::Network& network, const nn::FitOptions& o) {
  const RandomTask task(57, kFeatures);
  return bascule::test::train(network, task.samples(0, 45), task.samples(45, 57), o);
}

Trained fit(Device& device, const CompileOptions& compile) {
  nn::Network network = make(device, compile);
  return fit(network, options(3));
}

std::unique_ptr<Device> open(const FakeDriver& fake, bool record, const Libraries& libraries) {
  return std::move(
      open_device(fake.driver(), fake.images(), 0, {.record_steps = record}, libraries).value());
}

/// Overflows in the first steps, and grows later on.
const CompileOptions kHalf = half(0x1p21, 5);

TEST(CudaFp16, TrainsAsTheJudgeDoesAndCountsWhatItSkips) {
  const Trained expected = fit(*make_reference_device(), kHalf);
  ASSERT_EQ(expected.history.size(), 3U);
  const double skipped = expected.history[0].at("skipped_steps");
  EXPECT_GT(skipped, 0);
  EXPECT_LT(skipped, kBatches);
  EXPECT_GT(expected.history[2].at("loss_scale"), 0);
  for (const bool with_blas : {false, true}) {
    FakeDriver fake;
    FakeBlas blas(fake);
    const Libraries libraries = with_blas ? FakeBlas::libraries() : Libraries();
    const Trained plain = fit(*open(fake, false, libraries), kHalf);
    ASSERT_EQ(plain.history.size(), 3U);
    for (std::size_t e = 0; e < 3; ++e) {
      for (const auto& [name, value] : expected.history[e])
        EXPECT_NEAR(plain.history[e].at(name), value, 2e-3 * std::max(1.0, value)) << name;
    }
    const Trained recorded = fit(*open(fake, true, libraries), kHalf);
    EXPECT_GT(fake.graph_launches(), 10);
    EXPECT_EQ(recorded.history, plain.history);
    EXPECT_EQ(recorded.variables, plain.variables);
    EXPECT_EQ(blas.products() > 0, with_blas);
  }
}

TEST(CudaFp16, ResumesWithItsScaleAndCounts) {
  FakeDriver fake;
  const auto device = open(fake, true, {});
  const Trained whole = fit(*device, kHalf);
  for (const int stop : {1, 5, 6, 9, 14}) {
    SCOPED_TRACE(stop);
    const TempFolder folder;
    nn::FitOptions o = options(3);
    o.checkpoints = folder.path();
    int steps = 0;
    o.interrupted = [&] { return ++steps > stop; };
    nn::Network first = make(*device, kHalf);
    EXPECT_EQ(fit(first, o).stop, nn::FitStop::kInterrupted);
    o.interrupted = [] { return false; };
    o.resume = true;
    nn::Network second = make(*device, kHalf);
    const Trained resumed = fit(second, o);
    EXPECT_EQ(resumed.history, whole.history);
    EXPECT_EQ(resumed.variables, whole.variables);
  }
}

TEST(CudaFp16, StopsWhenNoStepOfAnEpochIsFinite) {
  FakeDriver fake;
  const auto device = open(fake, true, {});
  nn::Network network = make(*device, half(0x1p120, 2000));
  const RandomTask task(57, kFeatures);
  const auto result = nn::fit(network, task.samples(0, 45), task.samples(45, 57), options(3));
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result->stop, nn::FitStop::kNotFinite);
  EXPECT_NE(result->message.find("no step of epoch 1"), std::string::npos) << result->message;
}

}  // namespace
}  // namespace bascule::cuda
