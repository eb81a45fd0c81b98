#pragma once
// What is found of a Gram matrix before columns are sought, on whatever device.
#include <cstdint>
#include <vector>

#include <bascule/devices/elastic_net.h>

namespace bascule::detail {

/// So many coordinates are worked on at first; each time more are needed, at most as many are added
/// as there are.
inline constexpr std::int32_t kFirstCoordinates = 64;

struct ElasticNetData {
  std::vector<float> squares;  ///< the diagonal
  /// No product is negative. Weights can then but lessen what is left to explain, and a column
  /// whose product with another is not above l1 gets no weight for it.
  bool screens = false;

  /// A product that is not above it makes no candidate.
  [[nodiscard]] float least(const ElasticNet& problem) const;
};

/// kBadData when a sum of squares is out of range.
Result<ElasticNetData> elastic_net_data(const SymmetricMatrix& gram, ThreadPool& pool);

}  // namespace bascule::detail
