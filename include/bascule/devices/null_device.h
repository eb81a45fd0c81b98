#pragma once
// A device that plans, allocates and counts, but computes nothing: what a program would do on a
// device that need not be there.
#include <cstdint>
#include <memory>

#include <bascule/devices/device.h>

namespace bascule {

class NullDevice : public Device {
 public:
  struct Counts {
    std::int64_t launches = 0;
    double flops = 0;            ///< of the kernels launched
    double bytes = 0;            ///< that they read and wrote
    double copied = 0;           ///< bytes moved by copy()
    double transferred = 0;      ///< bytes from and to the host
    std::int64_t allocated = 0;  ///< bytes held now
    std::int64_t peak = 0;       ///< most bytes held
  };
  [[nodiscard]] virtual const Counts& counts() const = 0;
  /// Sets to zero all but what is allocated.
  virtual void reset_counts() = 0;
};

/// Takes over what `like` says of a device. Memory is counted and not touched; reading gives zeros.
std::unique_ptr<NullDevice> make_null_device(const Target& like);

}  // namespace bascule
