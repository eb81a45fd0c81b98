// Training with products by cuBLASLt, over the fake one: as the judge trains, in steps that are
// recorded, and by plain kernels where it cannot be used.
#include "devices/cuda/blas.h"

#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/run/program.h>

#include "cuda/fake_blas.h"
#include "cuda/open_fake.h"
#include "devices/cuda/device.h"
#include "unit/compile/training_graph.h"

namespace bascule::cuda {
namespace {

using bascule::test::FakeBlas;
using bascule::test::open_fake, bascule::test::FakeDriver;
using ::testing::HasSubstr;
using ::testing::Not;

std::unique_ptr<Device> open_with_blas(const FakeDriver& fake, bool record = true) {
  return open_fake(fake, {.record_steps = record}, FakeBlas::libraries());
}

struct Outcome {
  std::vector<float> losses, weights;
  std::string explained;
};

Outcome train(Device& device, Precision precision) {
  VariableStore store(device);
  // Two layers have one shape.
  Graph graph = bascule::test::training_graph(
      {.batch = 6, .widths = {5, 7, 7, 7, 3}, .optimizer = "adam", .dropout = 0.25});
  CompileOptions options;
  options.precision = precision;
  Program program = Program::make(std::move(graph), store, options).value();
  const std::vector<float> lr = {0.05F};
  EXPECT_TRUE(store.write("lr", std::span<const float>(lr)).ok());
  for (const auto& [name, variable] : store.all()) {
    if (!name.starts_with("w")) continue;
    std::vector<float> values(static_cast<std::size_t>(variable.type.shape.count()));
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>(i * 7 % 11) / 11 - 0.4F;
    EXPECT_TRUE(store.write(name, std::span<const float>(values)).ok());
  }
  std::vector<float> x(30);
  std::iota(x.begin(), x.end(), -15.0F);
  for (float& value : x) value /= 10;
  const std::vector<std::int32_t> labels = {0, 1, 2, 2, 1, 0};
  Outcome trained;
  for (int step = 0; step < 4; ++step) {
    EXPECT_TRUE(program.bind_host("x", x.data()).ok());
    EXPECT_TRUE(program.bind_host("labels", labels.data()).ok());
    program.step();
    trained.losses.push_back(program.scalar("loss").value());
  }
  trained.weights = store.values<float>("w1").value();
  trained.explained = program.explain();
  return trained;
}

void expect_near(const std::vector<float>& actual, const std::vector<float>& expected,
                 double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i)
    EXPECT_NEAR(actual[i], expected[i], tolerance) << i;
}

TEST(CudaBlas, TrainsAsTheJudgeDoes) {
  FakeDriver fake;
  FakeBlas blas(fake);
  const auto reference = make_reference_device();
  for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
    const Outcome ours = train(*open_with_blas(fake), precision);
    const Outcome expected = train(*reference, precision);
    expect_near(ours.losses, expected.losses, 1e-5);
    // Sums that differ in their last bits may be rounded to neighbouring bf16.
    expect_near(ours.weights, expected.weights, precision == Precision::kFp32 ? 1e-4 : 2e-3);
    EXPECT_THAT(ours.explained,
                HasSubstr(precision == Precision::kFp32 ? "cublasLt " : "cublasLt bf16"));
  }
  EXPECT_GT(blas.products(), 0);
}

TEST(CudaBlas, RecordedStepsHaveTheBitsOfPlainOnes) {
  FakeDriver fake;
  FakeBlas blas(fake);
  for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
    const Outcome plain = train(*open_with_blas(fake, false), precision);
    const int launches = fake.graph_launches();
    const Outcome recorded = train(*open_with_blas(fake, true), precision);
    EXPECT_EQ(fake.graph_launches(), launches + 3);
    EXPECT_EQ(recorded.losses, plain.losses);
    EXPECT_EQ(recorded.weights, plain.weights);
  }
}

TEST(CudaBlas, AsksOnceForAShape) {
  FakeDriver fake;
  FakeBlas blas(fake);
  const auto device = open_with_blas(fake);
  train(*device, Precision::kFp32);
  const int asked = blas.heuristics();
  EXPECT_LT(asked, 4 * 3 - 1);  // four layers, three products each, none for the first input
  train(*device, Precision::kFp32);
  EXPECT_EQ(blas.heuristics(), asked);
}

TEST(CudaBlas, LeavesToPlainKernelsWhatItCannotDo) {
  FakeDriver fake;
  FakeBlas blas(fake);
  const Outcome expected = train(*make_reference_device(), Precision::kFp32);
  blas.has_algorithms = false;
  Outcome ours = train(*open_with_blas(fake), Precision::kFp32);
  expect_near(ours.losses, expected.losses, 1e-5);
  EXPECT_GT(blas.heuristics(), 0);
  blas.missing = "neither libcublasLt.so.13 nor libcublasLt.so.12 was found";
  ours = train(*open_with_blas(fake), Precision::kFp32);
  expect_near(ours.losses, expected.losses, 1e-5);
  EXPECT_THAT(ours.explained, Not(HasSubstr("cublasLt")));
  EXPECT_EQ(blas.products(), 0);
}

}  // namespace
}  // namespace bascule::cuda
