#pragma once
// Sparse rows times a dense matrix, on the CPU, by one thread.
#include <cstdint>
#include <vector>

#include <bascule/tensor/compressed.h>

namespace bascule {

/// Rows of floats, `stride` apart.
struct DenseRows {
  const float* data = nullptr;
  std::int64_t columns = 0, stride = 0;
};

/// A stored element of a sparse matrix.
struct SparseEntry {
  std::int32_t column, row;
  float value;
};

/// Keeps its working memory from call to call.
class SparseProduct {
 public:
  /// out[r] = Σ_i x(first + r, i) w[i] for the rows [first, last) of x: dense rows of w.columns
  /// floats, `out_stride` apart. A sum runs over i in ascending order, whatever the rows are. A row
  /// of w that several rows of x pick is read once for all of them.
  void run(const CompressedView& x, std::int64_t first, std::int64_t last, const DenseRows& w,
           float* out, std::int64_t out_stride);

 private:
  std::vector<SparseEntry> entries_;
  std::vector<std::int64_t> begin_;
};

}  // namespace bascule
