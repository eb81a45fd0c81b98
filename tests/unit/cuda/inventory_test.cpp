// What `bascule devices` says of a machine, and why a GPU cannot be used.
#include "devices/cuda/inventory.h"

#include <gtest/gtest.h>

#include "cuda/fake_blas.h"
#include "cuda/fake_driver.h"
#include "devices/cuda/device.h"

namespace bascule::cuda {
namespace {

using bascule::test::FakeBlas;

class Inventory : public ::testing::Test {
 protected:
  CudaInventory take() { return take_inventory(&fake_.driver(), fake_.images(), {}); }
  /// Why the device does not open.
  Error refusal(int ordinal = 0) {
    auto device = open_device(fake_.driver(), fake_.images(), ordinal);
    return device.ok() ? Error{Code::kFailed, "it opens"} : device.error();
  }
  void expect_refused(const std::string& why) {
    EXPECT_EQ(take().why, why);
    EXPECT_EQ(refusal().message, why);
    EXPECT_EQ(refusal().code, Code::kNoDevice);
  }

  bascule::test::FakeDriver fake_;
};

TEST_F(Inventory, ListsGpus) {
  fake_.gpus = 2;
  const CudaInventory found = take();
  EXPECT_EQ(found.why, "");
  EXPECT_EQ(found.driver, 13000);
  EXPECT_EQ(found.toolkit, 13000);
  ASSERT_EQ(found.gpus.size(), 2U);
  EXPECT_EQ(found.gpus[1].name, "Fake GPU");
  EXPECT_EQ(found.gpus[1].memory, fake_.memory);
  EXPECT_EQ(found.gpus[1].capability, 90);
  EXPECT_EQ(found.gpus[1].why, "");
}

TEST_F(Inventory, SaysWhatMultiplies) {
  FakeBlas blas(fake_);
  const auto products = [&] {
    return take_inventory(&fake_.driver(), fake_.images(), FakeBlas::libraries()).products;
  };
  EXPECT_EQ(products(), "by cuBLASLt 13.1.0");
  blas.missing = "neither a nor b was found";
  EXPECT_EQ(products(), "by plain kernels: neither a nor b was found");
  fake_.gpus = 0;
  EXPECT_EQ(products(), "");
}

TEST_F(Inventory, SaysThatThereIsNoGpu) {
  fake_.gpus = 0;
  expect_refused("the NVIDIA driver finds no GPU");
}

TEST_F(Inventory, SaysThatTheDriverIsTooOld) {
  fake_.version = 12080;
  expect_refused(
      "the NVIDIA driver is too old: it is made for CUDA 12.8, and the kernels of this build need "
      "13.0");
}

TEST_F(Inventory, SaysThatTheGpuIsTooOld) {
  fake_.capability = 75;
  EXPECT_EQ(take().gpus.at(0).why, "compute capability 7.5; the kernels of this build need 8.0");
  EXPECT_EQ(refusal().code, Code::kNoDevice);
}

TEST_F(Inventory, SaysThatThereIsNoSuchGpu) {
  EXPECT_EQ(refusal(1).message, "the NVIDIA driver finds 1 GPU");
  EXPECT_EQ(refusal(1).code, Code::kNoDevice);
}

TEST_F(Inventory, SaysThatKernelsDoNotLoad) {
  fake_.loads_images = false;
  EXPECT_EQ(refusal().message, "cuModuleLoadData: told to fail (CUDA_ERROR_FAKE)");
  EXPECT_EQ(refusal().code, Code::kNoDevice);
}

TEST_F(Inventory, SaysThatTheBuildHasNoKernels) {
  EXPECT_EQ(take_inventory(&fake_.driver(), Images(), {}).why,
            "this build has no CUDA kernels: nvcc was not found when it was made");
}

TEST_F(Inventory, SaysWhyThereIsNoDriver) {
  const CudaInventory found = take_inventory(Error{Code::kNoDevice, "no NVIDIA driver"},
                                             fake_.images(), FakeBlas::libraries());
  EXPECT_EQ(found.why, "no NVIDIA driver");
  EXPECT_TRUE(found.gpus.empty());
}

TEST_F(Inventory, OfThisMachineSaysSomething) {
  const CudaInventory found = cuda_inventory();
  EXPECT_EQ(found.gpus.empty(), !found.why.empty());
  if (!found.gpus.empty()) return;
  const auto device = make_cuda_device(0);
  ASSERT_FALSE(device.ok());
  EXPECT_EQ(device.error().code, Code::kNoDevice);
  EXPECT_FALSE(device.error().message.empty());
}

}  // namespace
}  // namespace bascule::cuda
