#include <algorithm>

#include <bascule/devices/sparse_product.h>

#include "devices/cpu/by_column.h"
#include "devices/cpu/flush_denormals.h"
#include "devices/cpu/vector_kernels.h"

namespace bascule {
namespace {

/// Columns of w at a time: sums of some hundred rows stay in the second cache.
constexpr std::int64_t kColumns = 512;

}  // namespace

void SparseProduct::run(const CompressedView& x, std::int64_t first, std::int64_t last,
                        const DenseRows& w, float* out, std::int64_t out_stride) {
  const detail::FlushDenormals flush;
  for (std::int64_t r = 0; r < last - first; ++r)
    std::fill_n(out + r * out_stride, w.columns, 0.0F);
  begin_.resize(static_cast<std::size_t>(x.minors) + 2);
  entries_.resize(static_cast<std::size_t>(x.offsets[last] - x.offsets[first]));
  detail::sort_by_column(x, first, last, begin_, entries_.data());
  const auto add = detail::vector_kernels().add_scaled;
  for (std::int64_t column = 0; column < w.columns; column += kColumns) {
    const std::int64_t count = std::min(kColumns, w.columns - column);
    for (const SparseEntry& e : entries_)
      add(w.data + e.column * w.stride + column, e.value, out + e.row * out_stride + column, count);
  }
}

}  // namespace bascule
