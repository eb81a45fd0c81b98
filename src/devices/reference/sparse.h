#pragma once
#include <vector>

#include <bascule/base/shape.h>
#include <bascule/devices/device.h>

namespace bascule::reference {

/// xᵀ y of a matrix x in CSR and a row-major y.
class TransposedProduct {
 public:
  TransposedProduct(const Shape& x, const Shape& y)
      : rows_(x[0]), columns_(y[1]), count_(x[1] * y[1]) {}

  /// All elements, row by row.
  template <class Real>
  [[nodiscard]] std::vector<double> sums(const CsrArgument& x, const Real* y) const {
    std::vector<double> all(static_cast<std::size_t>(count_), 0);
    for (std::int64_t row = 0; row < rows_; ++row) {
      for (std::int64_t p = x.offsets[row]; p < x.offsets[row + 1]; ++p) {
        for (std::int64_t j = 0; j < columns_; ++j)
          all[static_cast<std::size_t>(x.indices[p] * columns_ + j)] +=
              static_cast<double>(x.values[p]) * static_cast<double>(y[row * columns_ + j]);
      }
    }
    return all;
  }

 private:
  std::int64_t rows_, columns_, count_;
};

}  // namespace bascule::reference
