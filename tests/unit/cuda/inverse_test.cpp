// Inverses by cuSOLVER on the emulated cuda device, and EASE made of them: as on the cpu, and what
// is said when the library is missing, is another one, fails, or memory is short.
#include <functional>

#include <gtest/gtest.h>

#include <bascule/base/random_values.h>
#include <bascule/devices/inverts.h>
#include <bascule/recsys/compare.h>
#include <bascule/recsys/ease.h>

#include "cuda/fake_solver.h"
#include "cuda/open_fake.h"
#include "devices/cuda/device.h"
#include "unit/cuda/same_lists.h"
#include "unit/recsys/autoencoder_testing.h"

namespace bascule::cuda {
namespace {

using bascule::test::FakeDriver, bascule::test::FakeSolver, bascule::test::open_fake;

std::shared_ptr<Device> open_shared(const FakeDriver& fake) {
  return open_fake(fake, {}, {.solver = FakeSolver::source});
}

Inverts& inverts(Device& device) {
  return dynamic_cast<Inverts&>(device);
}

/// The lower triangle of a matrix that is positive definite by its diagonal.
SymmetricMatrix dominant(std::int64_t order) {
  SymmetricMatrix matrix = SymmetricMatrix::make(order).value();
  const Philox random(5);
  for (std::int64_t i = 0; i < order; ++i) {
    for (std::int64_t j = 0; j < i; ++j)
      matrix.at(i, j) =
          static_cast<float>(random.uniform(static_cast<std::uint64_t>(i * order + j)) - 0.5);
    matrix.at(i, i) = static_cast<float>(order);
  }
  return matrix;
}

TEST(CudaInverse, IsTheInverse) {
  FakeDriver driver;
  FakeSolver solver;
  const auto device = open_shared(driver);
  for (const std::int64_t n : {1, 2, 17, 70}) {
    const SymmetricMatrix matrix = dominant(n);
    SymmetricMatrix inverse = dominant(n);
    StageTimes times;
    const Status status = inverts(*device).invert(inverse, times);
    ASSERT_TRUE(status.ok()) << status.error().message;
    ASSERT_EQ(times.size(), 3U);
    EXPECT_EQ(times[0].first, "transfer");
    EXPECT_EQ(times[1].first, "inverse");
    EXPECT_EQ(times[2].first, "transfer_back");
    const auto both = [](const SymmetricMatrix& m, std::int64_t i, std::int64_t j) {
      return double{m.row(std::max(i, j))[std::min(i, j)]};
    };
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < n; ++j) {
        double sum = 0;
        for (std::int64_t k = 0; k < n; ++k) sum += both(matrix, i, k) * both(inverse, k, j);
        EXPECT_NEAR(sum, i == j ? 1 : 0, 1e-5) << n << ' ' << i << ' ' << j;
      }
  }
  SymmetricMatrix nothing;
  StageTimes times;
  EXPECT_TRUE(inverts(*device).invert(nothing, times).ok());
}

TEST(CudaInverse, RefusesWhatIsNotPositiveDefinite) {
  FakeDriver driver;
  FakeSolver solver;
  const auto device = open_shared(driver);
  SymmetricMatrix matrix = dominant(9);
  matrix.at(5, 5) = 0;
  StageTimes times;
  Status status = inverts(*device).invert(matrix, times);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kFailed);
  EXPECT_EQ(status.error().message, "the matrix is not positive definite in single precision");
  // What a library says of an argument is its own affair, but must not be taken for a success.
  solver.info = -4;
  SymmetricMatrix right = dominant(9);
  status = inverts(*device).invert(right, times);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message, "cuda:0: cusolverDnSpotrf: argument 4 is wrong");
}

TEST(CudaInverse, EveryFailureOfTheLibraryIsTold) {
  int failures = 0;
  for (int n = 1;; ++n) {
    SCOPED_TRACE(n);
    FakeDriver driver;
    FakeSolver solver;
    solver.fail_at = n;
    Status status;
    {
      const auto device = open_shared(driver);
      SymmetricMatrix matrix = dominant(12);
      StageTimes times;
      status = inverts(*device).invert(matrix, times);
    }
    EXPECT_EQ(solver.handles(), 0);
    EXPECT_EQ(driver.alive(), 0U);
    if (solver.failed().empty()) break;
    ++failures;
    if (solver.failed() == "cusolverDnDestroy") {
      EXPECT_TRUE(status.ok());
      continue;
    }
    ASSERT_FALSE(status.ok());
    const bool version = solver.failed() == "cusolverGetProperty";
    EXPECT_EQ(status.error().code, version ? Code::kNoDevice : Code::kFailed);
    EXPECT_NE(status.error().message.find(solver.failed() +
                                          ": a kernel failed (CUSOLVER_STATUS_EXECUTION_FAILED)"),
              std::string::npos)
        << status.error().message;
  }
  EXPECT_EQ(failures, 10);
}

TEST(CudaInverse, EveryFailureOfTheDriverIsTold) {
  int told = 0;
  for (int n = 1;; ++n) {
    SCOPED_TRACE(n);
    FakeDriver driver;
    FakeSolver solver;
    Status status;
    {
      const auto device = open_shared(driver);
      driver.fail_at = driver.calls() + n;
      SymmetricMatrix matrix = dominant(12);
      StageTimes times;
      status = inverts(*device).invert(matrix, times);
      if (status.ok()) break;
    }
    ++told;
    EXPECT_EQ(solver.handles(), 0);
    EXPECT_EQ(driver.alive(), 0U);
    EXPECT_EQ(status.error().code, Code::kFailed);
    EXPECT_TRUE(status.error().message.starts_with("cuda:0: ")) << status.error().message;
    EXPECT_NE(status.error().message.find("told to fail"), std::string::npos);
  }
  EXPECT_GT(told, 20);
}

TEST(CudaInverse, MemoryIsStatedAndComparedBeforeItIsTaken) {
  FakeDriver driver;
  FakeSolver solver;
  driver.memory = 1 << 20;
  const auto device = open_shared(driver);
  constexpr std::int64_t kOrder = 700;
  const std::int64_t matrix_bytes = kOrder * SymmetricMatrix::stride_for(kOrder) * 4;
  const auto bytes = inverts(*device).invert_bytes(kOrder);
  ASSERT_TRUE(bytes.ok());
  EXPECT_GE(*bytes, matrix_bytes + 900 * 4);  // the larger workspace
  EXPECT_LT(*bytes, matrix_bytes + (4 << 20));
  const std::int64_t before = driver.allocated();
  SymmetricMatrix matrix = dominant(kOrder);
  StageTimes times;
  const Status status = inverts(*device).invert(matrix, times);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kFailed);
  EXPECT_NE(status.error().message.find("out of memory: "), std::string::npos);
  EXPECT_EQ(driver.allocated(), before);
  EXPECT_TRUE(times.empty());
}

TEST(CudaInverse, TooManyRowsAreRefused) {
  FakeDriver driver;
  FakeSolver solver;
  const auto device = open_shared(driver);
  EXPECT_TRUE(inverts(*device).invert_bytes(46000).ok());
  const auto refused = inverts(*device).invert_bytes(47000);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kFailed);
}

TEST(CudaInverse, AnotherVersionIsRefused) {
  FakeDriver driver;
  for (const int major : {10, 13}) {
    FakeSolver solver;
    solver.major = major;
    const auto device = open_shared(driver);
    const auto refused = inverts(*device).invert_bytes(3);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Code::kNoDevice);
    EXPECT_EQ(refused.error().message, "cuda:0 inverts matrices by cuSOLVER: cuSOLVER " +
                                           std::to_string(major) + " is too " +
                                           (major < 11 ? "old" : "new") + ": 11 to 12 are known");
  }
}

TEST(CudaInverse, AMissingLibraryIsToldByModelBeforeAnythingIsRead) {
  FakeDriver driver;
  const std::shared_ptr<Device> device = *open_device(
      driver.driver(), driver.images(), 0, {}, {.solver = []() -> Result<const SolverTable*> {
        return Error{Code::kNoDevice, "libcusolver.so.12 was not found"};
      }});
  FitRequest request;
  request.device = device;
  const Config config = Config::parse(
                            "task = \"recommend\"\n[data]\npath = \"nowhere\"\n[model]\n"
                            "type = \"ease\"\n",
                            "spec.toml")
                            .value();
  const auto refused =
      compare_recommenders(models_of(config, "ease").value(), request, default_pool());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kNoDevice);
  EXPECT_EQ(refused.error().message,
            "ease: cuda:0 inverts matrices by cuSOLVER: libcusolver.so.12 was not found");
}

TEST(CudaInverse, EaseAndEdlaeAreFittedAsOnTheCpu) {
  FakeDriver driver;
  FakeSolver solver;
  const auto device = open_shared(driver);
  const CsrMatrix matrix = autoencoder_testing::tastes();
  for (const float dropout : {0.0F, 0.3F}) {
    EaseOptions options;
    options.l2 = 20;
    options.dropout = dropout;
    Ease on_cpu(options), on_gpu(options);
    ASSERT_TRUE(on_gpu.use_device(device).ok());
    EXPECT_GE(on_gpu.device_fit_bytes(matrix.view()).value(),
              inverts(*device).invert_bytes(matrix.cols()).value());
    EXPECT_TRUE(on_gpu.lists_on_device());
    const int before = solver.calls();
    for (int again = 0; again < 2; ++again) {  // the device is kept from fit to fit
      StageTimes cpu_times, times;
      ASSERT_TRUE(on_cpu.fit(matrix, default_pool(), cpu_times).ok());
      const Status status = on_gpu.fit(matrix, default_pool(), times);
      ASSERT_TRUE(status.ok()) << status.error().message;
      ASSERT_EQ(times.size(), cpu_times.size() + 3);
      EXPECT_EQ(times[2].first, "inverse");
      EXPECT_EQ(times.back().first, "transfer_weights");
    }
    EXPECT_GT(solver.calls(), before + 4);
    bascule::test::expect_same_lists(on_gpu, on_cpu, matrix.view(), *device);
    SafetensorsWriter writer;
    on_gpu.save(writer);
    const TempFolder folder;
    ASSERT_TRUE(writer.write(folder / "model.safetensors").ok());
    Ease loaded(options);
    ASSERT_TRUE(loaded.use_device(device).ok());
    ASSERT_TRUE(loaded.load(SafetensorsFile::open(folder / "model.safetensors").value()).ok());
    bascule::test::expect_same_lists(loaded, on_cpu, matrix.view(), *device);
  }
}

TEST(CudaInverse, EaseThatDoesNotFitIsRefusedWithBothNumbers) {
  FakeDriver driver;
  FakeSolver solver;
  driver.memory = 8192;
  const auto device = open_shared(driver);
  Ease model(EaseOptions{});
  ASSERT_TRUE(model.use_device(device).ok());
  const CsrMatrix matrix = autoencoder_testing::tastes();
  const auto refused = check_fit_memory(model, matrix.view(), device.get());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kFailed);
  EXPECT_TRUE(refused.error().message.starts_with(
      "ease on 120 items takes 0.0 GB of memory on cuda:0, 0.0 GB are available; "))
      << refused.error().message;
}

TEST(CudaInverse, TheLibraryOfThisMachineIsTheKnownOne) {
  const auto table = system_solver();
  if (!table.ok()) GTEST_SKIP() << table.error().message;
  EXPECT_TRUE(check_version(**table).ok());
}

}  // namespace
}  // namespace bascule::cuda
