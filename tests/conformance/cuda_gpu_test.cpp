// A real GPU, where there is one: all cases of all ops that it supports against the judge.
#include <bascule/devices/cuda_device.h>

#include "conformance/op_conformance.h"

namespace bascule {
namespace {

/// One device for all cases: opening it loads every kernel. It is opened anew after an error, which
/// would stay with it.
class Gpu {
 public:
  const Result<std::unique_ptr<Device>>& get() {
    if (device_.ok() && *device_ != nullptr && !(*device_)->synchronize().ok())
      device_ = std::unique_ptr<Device>();
    if (device_.ok() && *device_ == nullptr) device_ = make_cuda_device(0);
    return device_;
  }

 private:
  Result<std::unique_ptr<Device>> device_ = std::unique_ptr<Device>();
};

TEST_P(Conformance, Cuda) {
  static Gpu gpu;
  const auto& device = gpu.get();
  if (!device.ok()) GTEST_SKIP() << "no GPU: " << device.error().message;
  expect_conforms(**device, GetParam());
}

}  // namespace
}  // namespace bascule
