// Updates of several weights by one launch, on the emulated cuda device: as by one launch each.
#include <gtest/gtest.h>

#include <bascule/devices/device_activity.h>
#include <bascule/nn/layers.h>

#include "cuda/open_fake.h"
#include "unit/cuda/random_task.h"
#include "unit/cuda/trained.h"

namespace bascule::cuda {
namespace {

using bascule::test::FakeDriver;
using bascule::test::RandomTask;
using bascule::test::Trained;

constexpr std::int64_t kColumns = 21;

struct Fit {
  Trained trained;
  std::int64_t launches = 0;
};

Fit fit(const nn::OptimizerOptions& optimizer, CompileOptions compile, bool grouped) {
  if (!grouped) compile.skip.insert("group_updates");
  const FakeDriver fake;
  const auto device = bascule::test::open_fake(fake);
  const RandomTask task(57, kColumns);
  auto network = nn::Network::make(
      {nn::dense(17, "tanh"), nn::layer_norm(), nn::dense(600, "relu"), nn::dense(10, "softmax")},
      {kColumns}, *device, 3, compile);
  EXPECT_TRUE(network.ok()) << network.error().message;
  nn::FitOptions options;
  options.optimizer = optimizer;
  options.epochs = 3;
  options.batch_size = 8;
  const Trained trained =
      bascule::test::train(*network, task.samples(0, 45), task.samples(45, 57), options);
  return {trained, dynamic_cast<const CountsActivity&>(*device).activity().launches};
}

/// In 18 steps, of so many weights together.
void expect_same_bits_by_fewer_launches(const nn::OptimizerOptions& optimizer,
                                        const CompileOptions& compile, std::int64_t together) {
  const Fit single = fit(optimizer, compile, false), grouped = fit(optimizer, compile, true);
  EXPECT_EQ(grouped.trained, single.trained);
  EXPECT_EQ(single.launches - grouped.launches, 18 * (together - 1));
}

TEST(CudaMultiUpdate, OfBiasesAndOfWhatIsNotAFactor) {
  // Three biases, scale and shift.
  for (const char* optimizer :
       {"sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw", "lion"}) {
    SCOPED_TRACE(optimizer);
    expect_same_bits_by_fewer_launches(nn::optimizer_defaults(optimizer).value(), {}, 5);
  }
}

TEST(CudaMultiUpdate, OfAllWeightsBehindAGate) {
  CompileOptions half;
  half.precision = Precision::kFp16;
  half.loss_scaling = {0x1p21, 5};  // overflows in the first steps
  expect_same_bits_by_fewer_launches(nn::adam(0.01), half, 8);
}

}  // namespace
}  // namespace bascule::cuda
