#pragma once
// Sparse matrices in compressed row (CSR) and compressed column (CSC) form.
//
// Both are one structure: `offsets` has an entry per major line (rows for CSR, columns for CSC) and
// one at the end, `indices` holds minor positions, ascending and distinct within a line, `values`
// goes with `indices`.
#include <cstdint>
#include <span>
#include <vector>

#include <bascule/base/status.h>

namespace bascule {

/// One line of a compressed matrix.
struct SparseLine {
  std::span<const std::int32_t> indices;
  std::span<const float> values;
  [[nodiscard]] std::size_t size() const { return indices.size(); }
};

/// Borrowed compressed matrix; the arrays outlive it and are already checked.
struct CompressedView {
  std::int64_t majors = 0;  ///< number of lines
  std::int64_t minors = 0;  ///< length of a line when written out
  const std::int64_t* offsets = nullptr;
  const std::int32_t* indices = nullptr;
  const float* values = nullptr;

  [[nodiscard]] std::int64_t nonzeros() const { return majors > 0 ? offsets[majors] : 0; }
  [[nodiscard]] std::int64_t length(std::int64_t major) const {
    return offsets[major + 1] - offsets[major];
  }
  [[nodiscard]] SparseLine line(std::int64_t major) const {
    const auto n = static_cast<std::size_t>(length(major));
    return {{indices + offsets[major], n}, {values + offsets[major], n}};
  }
};

/// Owning storage shared by CsrMatrix and CscMatrix.
class Compressed {
 public:
  Compressed() : offsets_(1, 0) {}
  /// Checks everything a reader relies on: sizes, monotone offsets, indices ascending, distinct and
  /// within [0, minors), minors within 31 bits, finite values. Fails with kBadData.
  static Result<Compressed> make(std::int64_t majors, std::int64_t minors,
                                 std::vector<std::int64_t> offsets,
                                 std::vector<std::int32_t> indices, std::vector<float> values);

  [[nodiscard]] std::int64_t majors() const {
    return static_cast<std::int64_t>(offsets_.size()) - 1;
  }
  [[nodiscard]] std::int64_t minors() const { return minors_; }
  [[nodiscard]] std::int64_t nonzeros() const { return offsets_.back(); }
  [[nodiscard]] const std::vector<std::int64_t>& offsets() const { return offsets_; }
  [[nodiscard]] const std::vector<std::int32_t>& indices() const { return indices_; }
  [[nodiscard]] const std::vector<float>& values() const { return values_; }
  /// Values may change (weighting); the pattern may not.
  [[nodiscard]] std::span<float> mutable_values() { return values_; }
  [[nodiscard]] CompressedView view() const {
    return {majors(), minors_, offsets_.data(), indices_.data(), values_.data()};
  }
  [[nodiscard]] SparseLine line(std::int64_t major) const { return view().line(major); }

 protected:
  friend Compressed flip(const CompressedView& matrix);
  friend Compressed copy(const CompressedView& matrix);
  std::int64_t minors_ = 0;
  std::vector<std::int64_t> offsets_;
  std::vector<std::int32_t> indices_;
  std::vector<float> values_;
};

/// The same matrix compressed along the other axis: rows ↔ columns. Lines come out ascending.
Compressed flip(const CompressedView& matrix);

/// The same matrix in memory of its own.
Compressed copy(const CompressedView& matrix);

/// Checks arrays that are not owned (a mapped file) by the rules of Compressed::make.
Status check_compressed(std::int64_t majors, std::int64_t minors,
                        std::span<const std::int64_t> offsets,
                        std::span<const std::int32_t> indices, std::span<const float> values);

/// Rows compressed: majors are rows.
struct CsrMatrix : Compressed {
  CsrMatrix() = default;
  explicit CsrMatrix(Compressed storage) : Compressed(std::move(storage)) {}
  [[nodiscard]] std::int64_t rows() const { return majors(); }
  [[nodiscard]] std::int64_t cols() const { return minors(); }
};

/// Columns compressed: majors are columns.
struct CscMatrix : Compressed {
  CscMatrix() = default;
  explicit CscMatrix(Compressed storage) : Compressed(std::move(storage)) {}
  [[nodiscard]] std::int64_t rows() const { return minors(); }
  [[nodiscard]] std::int64_t cols() const { return majors(); }
};

inline CscMatrix to_csc(const CsrMatrix& matrix) {
  return CscMatrix(flip(matrix.view()));
}
inline CsrMatrix to_csr(const CscMatrix& matrix) {
  return CsrMatrix(flip(matrix.view()));
}
inline CsrMatrix transpose(const CsrMatrix& matrix) {
  return CsrMatrix(flip(matrix.view()));
}

}  // namespace bascule
