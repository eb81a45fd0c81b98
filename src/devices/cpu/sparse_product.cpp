#include <algorithm>

#include <bascule/devices/sparse_product.h>

#include "devices/cpu/flush_denormals.h"
#include "devices/cpu/vector_kernels.h"

namespace bascule {
namespace {

/// Columns of w at a time: sums of some hundred rows stay in the second cache.
constexpr std::int64_t kColumns = 512;

}  // namespace

void SparseProduct::sort_by_column(const CompressedView& x, std::int64_t first, std::int64_t last) {
  begin_.assign(static_cast<std::size_t>(x.minors) + 1, 0);
  for (std::int64_t p = x.offsets[first]; p < x.offsets[last]; ++p)
    ++begin_[static_cast<std::size_t>(x.indices[p]) + 1];
  for (std::size_t i = 1; i < begin_.size(); ++i) begin_[i] += begin_[i - 1];
  entries_.resize(static_cast<std::size_t>(begin_.back()));
  for (std::int64_t r = first; r < last; ++r) {
    const SparseLine line = x.line(r);
    for (std::size_t p = 0; p < line.size(); ++p) {
      const std::int32_t column = line.indices[p];
      const auto at = static_cast<std::size_t>(begin_[static_cast<std::size_t>(column)]++);
      entries_[at] = {column, static_cast<std::int32_t>(r - first), line.values[p]};
    }
  }
}

void SparseProduct::run(const CompressedView& x, std::int64_t first, std::int64_t last,
                        const DenseRows& w, float* out, std::int64_t out_stride) {
  const detail::FlushDenormals flush;
  for (std::int64_t r = 0; r < last - first; ++r)
    std::fill_n(out + r * out_stride, w.columns, 0.0F);
  sort_by_column(x, first, last);
  const auto add = detail::vector_kernels().add_scaled;
  for (std::int64_t column = 0; column < w.columns; column += kColumns) {
    const std::int64_t count = std::min(kColumns, w.columns - column);
    for (const Entry& e : entries_)
      add(w.data + e.column * w.stride + column, e.value, out + e.row * out_stride + column, count);
  }
}

}  // namespace bascule
