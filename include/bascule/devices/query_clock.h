#pragma once
#include <bascule/base/status.h>

namespace bascule {

/// A search for neighbours on a device with a clock of its own (neighbor_search.h).
class ClocksQueries {
 public:
  virtual ~ClocksQueries() = default;
  /// Of the last query, by that clock: from its first kernel to the end of its last one, without
  /// the way there and back. kFailed when there was none.
  [[nodiscard]] virtual Result<double> device_seconds() const = 0;
};

}  // namespace bascule
