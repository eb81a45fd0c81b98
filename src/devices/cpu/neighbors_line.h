#pragma once
// A line from outside, made ready to be searched for.
#include "devices/cpu/neighbors_data.h"

namespace bascule::detail {

struct QueryLine {
  std::span<const std::int32_t> features;  ///< those that the index has
  std::span<const float> values;           ///< empty: all are 1
  std::vector<float> centred;              ///< what `values` may refer to
  float left = 0;
  std::int32_t excluded = kExcludeNone;  ///< a rank

  [[nodiscard]] SparseLine line() const { return {features, values}; }
};

/// `exclude` is a point, or out of range for none. `vector` must outlive the result.
QueryLine query_line(const NeighborData& data, SparseLine vector, std::int32_t exclude);

}  // namespace bascule::detail
