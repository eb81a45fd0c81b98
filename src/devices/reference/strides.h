#pragma once
// Where the elements of a tensor lie when it is walked in an order other than its own.
#include <cstdint>
#include <vector>

#include <bascule/base/shape.h>

namespace bascule::reference {

/// Distance in elements between neighbours along each axis of a row-major tensor.
std::vector<std::int64_t> row_major_strides(const Shape& shape);

/// Maps the number of an element, counted row by row in a walk, to its place in memory.
class Walk {
 public:
  Walk(std::vector<std::int64_t> extents, std::vector<std::int64_t> strides,
       std::int64_t begin = 0);
  /// The elements of `from`, each repeated as broadcasting to `to` repeats them.
  static Walk broadcast(const Shape& from, const Shape& to);

  [[nodiscard]] std::int64_t count() const { return count_; }
  [[nodiscard]] std::int64_t operator[](std::int64_t i) const {
    std::int64_t place = begin_;
    for (std::size_t axis = extents_.size(); axis-- > 0;) {
      place += i % extents_[axis] * strides_[axis];
      i /= extents_[axis];
    }
    return place;
  }

 private:
  std::vector<std::int64_t> extents_, strides_;
  std::int64_t begin_, count_ = 1;
};

}  // namespace bascule::reference
