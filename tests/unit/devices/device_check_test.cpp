// The device check: it passes on devices that compute, and not on those that only say so.
#include <gtest/gtest.h>

#include <bascule/devices/cuda_device.h>
#include <bascule/devices/device_check.h>
#include <bascule/devices/null_device.h>

#include "cuda/fake_driver.h"
#include "devices/cuda/device.h"

namespace bascule {
namespace {

TEST(DeviceCheck, CpuAndReferencePass) {
  const auto cpu = make_cpu_device(default_pool());
  const auto reference = make_reference_device();
  for (Device* device : {cpu.get(), reference.get()}) {
    const auto check = check_device(*device, {.elements = 1001, .iterations = 3});
    ASSERT_TRUE(check.ok()) << check.error().message;
    EXPECT_FALSE(check->kernel.empty());
    EXPECT_GT(check->greatest_error, 0);  // float32 has no exact exp: zero would mean no comparison
    EXPECT_LE(check->greatest_error, kDeviceCheckTolerance);
    EXPECT_FALSE(check->activity.has_value());
  }
}

TEST(DeviceCheck, CudaCountsItsWork) {
  test::FakeDriver fake;
  const auto device = cuda::open_device(fake.driver(), fake.images(), 0);
  ASSERT_TRUE(device.ok());
  const auto check = check_device(**device, {.elements = 1001, .iterations = 7});
  ASSERT_TRUE(check.ok()) << check.error().message;
  ASSERT_TRUE(check->activity.has_value());
  EXPECT_EQ(check->activity->launches, 7);
  EXPECT_EQ(check->activity->to_device, 1001 * 4);
  EXPECT_EQ(check->activity->to_host, 1001 * 4);
  EXPECT_EQ(check->kernel, "bascule_element");
}

TEST(DeviceCheck, RefusesADeviceThatComputesNothing) {
  const auto device = make_null_device(cuda_target());
  const auto check = check_device(*device, {.elements = 16, .iterations = 1});
  ASSERT_FALSE(check.ok());
  EXPECT_EQ(check.error().code, Code::kFailed);
  EXPECT_EQ(check.error().message, "cuda: exp is off by 1 of its value, more than 1e-06");
}

TEST(DeviceCheck, RefusesADeviceThatCountsFewerLaunches) {
  class Idle final : public Device, public CountsActivity {
   public:
    [[nodiscard]] const Target& target() const override { return real_->target(); }
    [[nodiscard]] Result<std::unique_ptr<DeviceMemory>> allocate(std::int64_t bytes) override {
      return real_->allocate(bytes);
    }
    void upload(const void* host, void* device, const ValueType& type, Layout layout) override {
      real_->upload(host, device, type, layout);
    }
    void download(const void* device, void* host, const ValueType& type, Layout layout) override {
      real_->download(device, host, type, layout);
    }
    void copy(const void* from, void* to, std::int64_t bytes) override {
      real_->copy(from, to, bytes);
    }
    [[nodiscard]] DeviceActivity activity() const override { return {}; }
    [[nodiscard]] Result<std::unique_ptr<Kernel>> prepare(const KernelRequest& request) override {
      return real_->prepare(request);
    }

   private:
    std::unique_ptr<Device> real_ = make_reference_device();
  } idle;
  const auto check = check_device(idle, {.elements = 16, .iterations = 2});
  ASSERT_FALSE(check.ok());
  EXPECT_EQ(check.error().message, "reference: 2 kernels were asked for and it counted 0");
}

TEST(DeviceCheck, TellsWhatTheDriverSays) {
  test::FakeDriver fake;
  const auto device = cuda::open_device(fake.driver(), fake.images(), 0);
  ASSERT_TRUE(device.ok());
  fake.memory = fake.allocated();
  const auto check = check_device(**device, {.elements = 1 << 20, .iterations = 1});
  ASSERT_FALSE(check.ok());
  EXPECT_NE(check.error().message.find("out of memory"), std::string::npos);
}

}  // namespace
}  // namespace bascule
