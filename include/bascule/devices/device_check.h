#pragma once
// Does a device compute, and is it that device? The exponential of the same values again and again,
// judged against float64, with the device's own account of what it did.
#include <cstdint>
#include <optional>
#include <string>

#include <bascule/devices/device.h>
#include <bascule/devices/device_activity.h>

namespace bascule {

/// As published for the check of a Theano installation: 10 · 30 · 768 values, 1,000 times.
struct DeviceCheckOptions {
  std::int64_t elements = 10 * 30 * 768;  ///< >= 1
  std::int64_t iterations = 1000;         ///< >= 1
};

struct DeviceCheck {
  std::string kernel;         ///< which implementation computed: "avx512 map of 1"
  double seconds = 0;         ///< of all iterations, until the device said that it was done
  double cpu_seconds = 0;     ///< processor time of this process meanwhile, all threads together
  double upload = 0;          ///< seconds until the values were on the device
  double greatest_error = 0;  ///< of any element, relative to its exact value
  /// What the device counted during the iterations and the transfers.
  std::optional<DeviceActivity> activity;
};

/// Greatest error that passes: some units in the last place of float32.
inline constexpr double kDeviceCheckTolerance = 1e-6;

/// kFailed, naming the device, when the memory is not to be had, the device fails, a value is off
/// by more than the tolerance, or the device counted other launches than those it was asked for.
Result<DeviceCheck> check_device(Device& device, const DeviceCheckOptions& options = {});

}  // namespace bascule
