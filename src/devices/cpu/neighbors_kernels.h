#pragma once
// The inner loops, compiled once per instruction set and chosen at run time.
#include <cstdint>

#include "devices/cpu/neighbors_data.h"

namespace bascule::detail {

/// Makes a bound safe against rounding.
inline constexpr float kSlack = 1 - 1e-5F;

struct NeighborKernels {
  const char* name;
  /// Leaves the best of all points for a line (features, values or null for ones) in work.top,
  /// which has been started, best first; `left` is the line's, `exclude` a rank or −1.
  void (*line)(const NeighborData&, SparseLine, float left, std::int32_t exclude,
               NeighborWorkspace&);
  float (*dot)(const float* a, const float* b, std::int64_t n);
};

/// The best for this processor.
const NeighborKernels& neighbor_kernels();
/// All that this processor can run, the portable one first; for tests.
std::span<const NeighborKernels* const> all_neighbor_kernels();

}  // namespace bascule::detail
