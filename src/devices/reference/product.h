#pragma once
#include <bascule/base/bf16.h>
#include <bascule/base/shape.h>

namespace bascule::reference {

/// op(a) · op(b) of two row-major matrices, where op transposes if asked to, and rounds to bf16 if
/// asked to.
class Product {
 public:
  Product(const Shape& a, bool transpose_a, const Shape& b, bool transpose_b, bool bf16)
      : rows_(a[transpose_a ? 1 : 0]),
        columns_(b[transpose_b ? 0 : 1]),
        depth_(a[transpose_a ? 0 : 1]),
        a_row_(transpose_a ? 1 : a[1]),
        a_column_(transpose_a ? a[1] : 1),
        b_row_(transpose_b ? 1 : b[1]),
        b_column_(transpose_b ? b[1] : 1),
        bf16_(bf16) {}

  [[nodiscard]] std::int64_t count() const { return rows_ * columns_; }
  [[nodiscard]] std::int64_t columns() const { return columns_; }
  /// Element i of the product, counted row by row.
  template <class Real>
  [[nodiscard]] double element(const Real* a, const Real* b, std::int64_t i) const {
    const Real *row = a + i / columns_ * a_row_, *column = b + i % columns_ * b_column_;
    double sum = 0;
    for (std::int64_t p = 0; p < depth_; ++p)
      sum += operand(row[p * a_column_]) * operand(column[p * b_row_]);
    return sum;
  }

 private:
  template <class Real>
  [[nodiscard]] double operand(Real value) const {
    if (bf16_) return static_cast<double>(static_cast<float>(Bf16(static_cast<float>(value))));
    return static_cast<double>(value);
  }

  std::int64_t rows_, columns_, depth_, a_row_, a_column_, b_row_, b_column_;
  bool bf16_;
};

}  // namespace bascule::reference
