#pragma once
#include <cstdint>

#include <bascule/base/status.h>

namespace bascule {

/// A device that computes in memory of its own. Others compute in the host's.
class HasOwnMemory {
 public:
  virtual ~HasOwnMemory() = default;
  /// Bytes of it that are free, with those that the device keeps for its next allocations. kFailed
  /// when it does not tell.
  [[nodiscard]] virtual Result<std::int64_t> free_memory() = 0;
};

}  // namespace bascule
