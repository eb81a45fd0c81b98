#pragma once
// Each call of the driver fails in turn.
#include <functional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "cuda/fake_blas.h"
#include "cuda/fake_driver.h"
#include "devices/cuda/device.h"

namespace bascule::test {

/// Only what gives something back, and the waiting before it, may fail without a word.
inline bool may_fail_silently(std::string_view call) {
  const auto has = [&](std::string_view word) { return call.find(word) != std::string_view::npos; };
  return has("Free") || has("Destroy") || has("Release") || call == "cuModuleUnload" ||
         call == "cuCtxSetCurrent" || call == "cuStreamSynchronize";
}

/// Opens a GPU and uses it until nothing fails any more: the first failure is told with its code,
/// and everything is given back. With cuBLASLt its calls fail, too.
inline void expect_every_failure_told(const std::function<Status(Device&)>& use,
                                      int failures_at_least, bool with_blas = false) {
  int failures = 0;
  for (int n = 1;; ++n) {
    SCOPED_TRACE(n);
    FakeDriver fake;
    FakeBlas blas(fake);
    fake.fail_at = n;
    bool up = false;
    const Status status = [&]() -> Status {
      BASCULE_ASSIGN(const auto device,
                     cuda::open_device(fake.driver(), fake.images(), 0, {},
                                       with_blas ? FakeBlas::libraries() : cuda::Libraries()));
      up = true;
      return use(*device);
    }();
    EXPECT_EQ(fake.alive() + blas.alive(), 0U);
    if (fake.failed().empty()) break;
    ++failures;
    if (status.ok()) {
      // What cuBLASLt does not prepare, plain kernels do.
      const std::string& call = fake.failed();
      EXPECT_TRUE(may_fail_silently(call) ||
                  (call.starts_with("cublasLt") && call != "cublasLtMatmul"))
          << call;
      continue;
    }
    EXPECT_EQ(status.error().code, up ? Code::kFailed : Code::kNoDevice) << fake.failed();
    EXPECT_NE(status.error().message.find("told to fail (CUDA_ERROR_FAKE)"), std::string::npos)
        << status.error().message;
    EXPECT_EQ(status.error().message.starts_with("cuda:0: "), up) << status.error().message;
  }
  EXPECT_GT(failures, failures_at_least);
}

}  // namespace bascule::test
