#pragma once
// The inner loops, compiled once per instruction set and chosen at run time.
#include <cstdint>

#include "devices/cpu/neighbors_data.h"

namespace bascule::detail {

/// Makes a bound safe against rounding.
inline constexpr float kSlack = 1 - 1e-5F;

/// A point offered to a block needs a dot product of scale · x + offset · y to enter any list of
/// it.
struct BlockBound {
  float scale = 0, offset = 0;
};

/// The k best of every point, by rank.
struct TopTable {
  std::uint64_t* keys;  ///< points × k
  float* thresholds;    ///< padded
  BlockBound* bounds;   ///< per block
  std::int32_t k;
};

struct NeighborKernels {
  const char* name;
  /// Scores of all points against one line (features, values or null for ones) offered to `top`;
  /// `exclude` a rank or −1.
  void (*line)(const NeighborData&, SparseLine, QuerySide, std::int32_t exclude, NeighborWorkspace&,
               TopKeys top);
  /// Scores of all pairs (rank, higher rank), each offered to both.
  void (*pairs)(const NeighborData&, std::int32_t rank, NeighborWorkspace&, TopTable);
  /// Fills top.bounds from top.thresholds.
  void (*bound_blocks)(const NeighborData&, TopTable top);
  float (*dot)(const float* a, const float* b, std::int64_t n);
};

/// The best for this processor.
const NeighborKernels& neighbor_kernels();
/// All that this processor can run, the portable one first; for tests.
std::span<const NeighborKernels* const> all_neighbor_kernels();

}  // namespace bascule::detail
