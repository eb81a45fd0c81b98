#pragma once
#include <cstdint>
#include <limits>
#include <span>

#include <bascule/base/status.h>
#include <bascule/devices/neighbors.h>

namespace bascule {

/// Rows of scores in a device's memory, and, on the host, what of them is not to be listed.
struct ScoredRows {
  const float* scores = nullptr;  ///< on the device; rows are `stride` apart
  std::int64_t rows = 0, stride = 0;
  std::int32_t columns = 0;
  /// Columns, ascending in each row: those of row r are marked[begin[r], begin[r + 1]). No begin:
  /// none are.
  std::span<const std::int64_t> begin = {};
  std::span<const std::int32_t> marked = {};
  /// What is taken off the scores that are marked, finite, one for each; none: they are not listed.
  std::span<const float> deductions = {};
  /// By column: 0 for what no row lists; none: there is no such column.
  std::span<const std::uint8_t> listed = {};
  /// What scores less is not listed, nor is what is no number.
  float least = std::numeric_limits<float>::lowest();
};

/// A device that finds the best of scores where it has computed them: only lists leave it.
class SearchesScores {
 public:
  virtual ~SearchesScores() = default;
  /// The k best columns of every row, best first, of equal scores the lower column. kFailed when
  /// memory is short or the device fails.
  [[nodiscard]] virtual Result<NeighborLists> best(const ScoredRows& rows, std::int32_t k) = 0;
};

}  // namespace bascule
