#pragma once
// A neighbour index where a device can search it.
#include <memory>
#include <span>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/devices/neighbors.h>

namespace bascule {

/// Answers as the functions of neighbors.h of the same names do, within the rounding of single
/// precision. Of one thread; must not outlive its device, needs neither the index it was made of.
class NeighborSearch {
 public:
  NeighborSearch() = default;
  virtual ~NeighborSearch() = default;
  NeighborSearch(const NeighborSearch&) = delete;
  NeighborSearch& operator=(const NeighborSearch&) = delete;

  /// kUsage when k < 1, kFailed when memory is short or the device fails.
  [[nodiscard]] virtual Result<NeighborLists> all(std::int32_t k) = 0;
  [[nodiscard]] virtual Result<std::vector<Neighbor>> query(std::int32_t point, std::int32_t k,
                                                            bool include_self) = 0;
  /// query() of each vector; `exclude` has a point, or kExcludeNone, for each.
  [[nodiscard]] virtual Result<std::vector<std::vector<Neighbor>>> query_each(
      std::span<const SparseLine> vectors, std::int32_t k,
      std::span<const std::int32_t> exclude) = 0;
  [[nodiscard]] Result<std::vector<Neighbor>> query(SparseLine vector, std::int32_t k,
                                                    std::int32_t exclude);
};

/// The dense way: every point written out on the device, see dense_query().
class DenseSearch {
 public:
  DenseSearch() = default;
  virtual ~DenseSearch() = default;
  DenseSearch(const DenseSearch&) = delete;
  DenseSearch& operator=(const DenseSearch&) = delete;

  /// The k points nearest to each of `vectors`, rows of features() values on end. `exclude` has a
  /// point, or kExcludeNone, for each.
  [[nodiscard]] virtual Result<std::vector<std::vector<Neighbor>>> query(
      std::span<const float> vectors, std::int32_t k, std::span<const std::int32_t> exclude) = 0;
};

}  // namespace bascule
