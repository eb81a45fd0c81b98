#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace bascule {

/// How many ratings each user gives.
struct ActivityOptions {
  std::int64_t total = 0;
  std::int64_t least = 1, most = 1;  ///< per user
  double spread = 1.2;               ///< sigma of the log-normal distribution
  std::uint64_t seed = 1, stream = 0;
  /// The first users give exactly so many, whatever `most` says: outliers that no distribution has.
  std::vector<std::int64_t> outliers = {};
};

/// A log-normal share for each of `users`, within [least, most], of exactly `total` in sum.
/// Requires users * least <= total <= users * most.
std::vector<std::int64_t> spread_activity(std::int64_t users, const ActivityOptions& options);

/// Sums before each value: result[i] = values[0] + … + values[i - 1], one longer than `values`.
std::vector<std::int64_t> running_sums(std::span<const std::int64_t> values);

/// Picks exactly `chosen` of `total` positions, evenly spaced: how many are picked before
/// `position`. Position p is picked when the count grows from p to p + 1. total <= 2^40.
constexpr std::int64_t picked_before(std::int64_t position, std::int64_t chosen,
                                     std::int64_t total) {
  __extension__ using Wide = __int128;
  return total == 0 ? 0 : static_cast<std::int64_t>(static_cast<Wide>(position) * chosen / total);
}

}  // namespace bascule
