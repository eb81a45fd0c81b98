#include "devices/cpu/by_column.h"

#include <algorithm>

namespace bascule::detail {

void sort_by_column(const CompressedView& x, std::int64_t first, std::int64_t last,
                    std::span<std::int64_t> begin, SparseEntry* entries) {
  std::fill(begin.begin(), begin.end(), 0);
  // Counts lie two places behind their columns: placing the entries then moves each by one.
  for (std::int64_t p = x.offsets[first]; p < x.offsets[last]; ++p)
    ++begin[static_cast<std::size_t>(x.indices[p]) + 2];
  for (std::size_t i = 2; i < begin.size(); ++i) begin[i] += begin[i - 1];
  for (std::int64_t r = first; r < last; ++r) {
    const SparseLine line = x.line(r);
    for (std::size_t p = 0; p < line.size(); ++p) {
      const std::int32_t column = line.indices[p];
      entries[begin[static_cast<std::size_t>(column) + 1]++] = {
          column, static_cast<std::int32_t>(r - first), line.values[p]};
    }
  }
}

}  // namespace bascule::detail
