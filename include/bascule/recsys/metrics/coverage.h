#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace bascule::metrics {

/// coverage@K: the share of the catalogue that is recommended to anybody among the first K.
/// Collects the lists of all users, for every K at once, in any order.
class Coverage {
 public:
  /// `items` is the size of the catalogue.
  explicit Coverage(std::int64_t items);
  /// A user's list, best first; an item of −1 ends it.
  void add(std::span<const std::int32_t> list);
  /// k >= 1. 0 for an empty catalogue.
  [[nodiscard]] double at(std::int32_t k) const;

 private:
  std::vector<std::int32_t> best_rank_;  // from 0; the largest int where nobody got the item
};

}  // namespace bascule::metrics
