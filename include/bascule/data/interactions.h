#pragma once
// What every ratings reader produces and every preparation step consumes.
#include <cstdint>
#include <vector>

#include <bascule/data/id_table.h>

namespace bascule {

/// Interactions in the order of the file: parallel columns of (user, item, value, time).
struct Interactions {
  IdTable users;  ///< ids as in the file, numbered by first appearance
  IdTable items;
  std::vector<std::int32_t> user;
  std::vector<std::int32_t> item;
  std::vector<float> value;  ///< the rating; 1 for formats without ratings
  /// Seconds since 1970-01-01 UTC (whole days for formats that give dates). Empty when the format
  /// has no times or they were not asked for.
  std::vector<std::int64_t> time;

  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(user.size()); }
};

}  // namespace bascule
