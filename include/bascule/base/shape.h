#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include <bascule/base/status.h>

namespace bascule {

/// The extents of a tensor, outermost first. Rank 0 is a scalar; an extent may be 0.
class Shape {
 public:
  Shape() = default;
  /// For shapes that the program itself chooses; asserts that they are valid.
  Shape(std::initializer_list<std::int64_t> extents);
  /// For shapes from outside: every extent >= 0 and the product within 63 bits.
  static Result<Shape> make(std::vector<std::int64_t> extents);

  [[nodiscard]] std::size_t rank() const { return extents_.size(); }
  [[nodiscard]] std::int64_t operator[](std::size_t axis) const { return extents_[axis]; }
  [[nodiscard]] const std::vector<std::int64_t>& extents() const { return extents_; }
  /// Number of elements (1 for a scalar).
  [[nodiscard]] std::int64_t count() const { return count_; }
  /// "[3, 4]".
  [[nodiscard]] std::string to_string() const;
  bool operator==(const Shape& other) const { return extents_ == other.extents_; }

 private:
  std::vector<std::int64_t> extents_;
  std::int64_t count_ = 1;
};

}  // namespace bascule
