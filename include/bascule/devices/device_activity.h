#pragma once
// What a device did, by its own count. A device that works behind its caller's back implements
// this; one that computes in the calling thread has nothing to count.
#include <cstdint>

namespace bascule {

struct DeviceActivity {
  std::int64_t launches = 0;    ///< kernels that it took
  std::int64_t recordings = 0;  ///< taken as one, their kernels in `launches`
  std::int64_t to_device = 0, to_host = 0, copied = 0;  ///< bytes moved; `copied` within the device
};

class CountsActivity {
 public:
  virtual ~CountsActivity() = default;
  /// Since the device was opened.
  [[nodiscard]] virtual DeviceActivity activity() const = 0;
};

}  // namespace bascule
