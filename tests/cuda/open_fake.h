#pragma once
#include <memory>
#include <utility>

#include <gtest/gtest.h>

#include "cuda/fake_driver.h"
#include "devices/cuda/device.h"

namespace bascule::test {

/// cuda:0 of a fake driver, which must outlive it.
inline std::unique_ptr<Device> open_fake(const FakeDriver& fake, const CudaOptions& options = {},
                                         const cuda::Libraries& libraries = {}) {
  auto device = cuda::open_device(fake.driver(), fake.images(), 0, options, libraries);
  EXPECT_TRUE(device.ok()) << device.error().message;
  return std::move(device).value();
}

}  // namespace bascule::test
