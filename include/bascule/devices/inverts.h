#pragma once
#include <cstdint>

#include <bascule/base/status.h>
#include <bascule/base/timer.h>
#include <bascule/devices/symmetric.h>

namespace bascule {

/// A device that inverts positive definite matrices; others leave that to symmetric.h.
class Inverts {
 public:
  virtual ~Inverts() = default;
  /// Bytes of the device's own memory that invert() takes for a matrix of this order. kNoDevice
  /// when a library that it takes is not there, kFailed for an order that it cannot do.
  [[nodiscard]] virtual Result<std::int64_t> invert_bytes(std::int64_t order) = 0;
  /// As invert() of symmetric.h, within the rounding of single precision. Appends the stages
  /// "transfer", "inverse" and "transfer_back". Errors as of invert_bytes(), and kFailed when the
  /// matrix is not positive definite, memory is short, or the device fails.
  virtual Status invert(SymmetricMatrix& matrix, StageTimes& times) = 0;
};

}  // namespace bascule
