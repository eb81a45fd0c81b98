#pragma once
// The inner loops, compiled once per instruction set and chosen at run time.
#include <cstdint>

#include "devices/cpu/neighbors_data.h"

namespace bascule::detail {

/// Makes a bound safe against rounding.
inline constexpr float kSlack = 1 - 1e-5F;

/// The k best of every point, by rank.
struct TopTable {
  std::uint64_t* keys;  ///< points × k
  float* thresholds;    ///< padded
  float* needs;         ///< padded; dot products below need · x, x the other point's, do not enter
  std::int32_t k;
};

struct NeighborKernels {
  const char* name;
  /// Scores of all points against one line (features, values or null for ones) offered to `top`;
  /// `exclude` a rank or −1.
  void (*line)(const NeighborData&, SparseLine, QuerySide, std::int32_t exclude, NeighborWorkspace&,
               TopKeys top);
  /// Scores of the pairs (rank, higher rank) that share a light feature, each offered to both.
  void (*pairs)(const NeighborData&, std::int32_t rank, NeighborWorkspace&, TopTable);
  /// Fills top.needs from top.thresholds.
  void (*find_needs)(const NeighborData&, TopTable top);
  float (*dot)(const float* a, const float* b, std::int64_t n);
};

/// The best for this processor.
const NeighborKernels& neighbor_kernels();
/// All that this processor can run, the portable one first; for tests.
std::span<const NeighborKernels* const> all_neighbor_kernels();

}  // namespace bascule::detail
