#pragma once
#include <bascule/base/bf16.h>
#include <bascule/base/f16.h>
#include <bascule/base/shape.h>
#include <bascule/graph/ops.h>

namespace bascule::reference {

enum class Factors { kExact, kBf16, kF16 };
/// What a product rounds its factors to.
inline Factors factors_of(const Node& node) {
  if (multiplies_bf16(node)) return Factors::kBf16;
  return multiplies_fp16(node) ? Factors::kF16 : Factors::kExact;
}

/// op(a) · op(b) of two row-major matrices, where op transposes, and rounds, if asked to.
class Product {
 public:
  Product(const Shape& a, bool transpose_a, const Shape& b, bool transpose_b, Factors factors)
      : rows_(a[transpose_a ? 1 : 0]),
        columns_(b[transpose_b ? 0 : 1]),
        depth_(a[transpose_a ? 0 : 1]),
        a_row_(transpose_a ? 1 : a[1]),
        a_column_(transpose_a ? a[1] : 1),
        b_row_(transpose_b ? 1 : b[1]),
        b_column_(transpose_b ? b[1] : 1),
        factors_(factors) {}

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
    if (factors_ == Factors::kExact) return static_cast<double>(value);
    const auto single = static_cast<float>(value);
    return static_cast<double>(factors_ == Factors::kBf16 ? static_cast<float>(Bf16(single))
                                                          : static_cast<float>(F16(single)));
  }

  std::int64_t rows_, columns_, depth_, a_row_, a_column_, b_row_, b_column_;
  Factors factors_;
};

}  // namespace bascule::reference
