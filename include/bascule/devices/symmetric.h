#pragma once
// Dense symmetric matrices in single precision, on the CPU: the Gram matrix of sparse data and the
// inverse of a positive definite matrix, which closed-form recommenders are made of. Results depend
// on the shape and the instruction set, not on the number of threads.
#include <cstdint>
#include <span>

#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/tensor/buffer.h>
#include <bascule/tensor/compressed.h>

namespace bascule {

/// Rows of `stride` floats, of which those behind column `order` are zeros. Functions that take one
/// say whether they mean all of it or the lower triangle (column <= row) alone.
class SymmetricMatrix {
 public:
  SymmetricMatrix() = default;
  /// All zeros. Fails with kFailed when the memory is not to be had.
  static Result<SymmetricMatrix> make(std::int64_t order);
  /// The same, but that no element has a value.
  static Result<SymmetricMatrix> allocate(std::int64_t order);
  /// Floats from row to row: whole vectors, and never a whole turn of the first cache.
  static std::int64_t stride_for(std::int64_t order);

  [[nodiscard]] std::int64_t order() const { return order_; }
  [[nodiscard]] std::int64_t stride() const { return stride_; }
  [[nodiscard]] float* row(std::int64_t i) { return values_.data() + i * stride_; }
  [[nodiscard]] const float* row(std::int64_t i) const { return values_.data() + i * stride_; }
  [[nodiscard]] float& at(std::int64_t i, std::int64_t j) { return row(i)[j]; }
  [[nodiscard]] std::span<const float> values() const { return values_.span(); }

 private:
  std::int64_t order_ = 0, stride_ = 0;
  Buffer<float> values_;
};

/// The lower triangle of XᵀX for a sparse X [rows, columns] as CSR, with the columns in the order
/// `columns` (all of them once): element (i, j) is the product of columns[i] and columns[j].
/// Fastest where frequent columns come first. Sums are single precision, of values that are all 1
/// exact.
Result<SymmetricMatrix> gram_matrix(const CompressedView& x, std::span<const std::int32_t> columns,
                                    ThreadPool& pool);

/// Replaces the lower triangle of a positive definite matrix by that of its inverse, in place: a
/// blocked Gauss-Jordan elimination (the sweep operator of Beaton 1964), n³ floating-point
/// operations, all but a few in matrix products, and 4,608 n bytes beside the matrix. Fails with
/// kFailed when a pivot is not positive; the matrix is then of no use.
Status invert(SymmetricMatrix& matrix, ThreadPool& pool);

/// Copies the lower triangle to the upper one.
void mirror(SymmetricMatrix& matrix, ThreadPool& pool);

}  // namespace bascule
