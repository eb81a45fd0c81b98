#include "devices/reference/strides.h"

namespace bascule::reference {

std::vector<std::int64_t> row_major_strides(const Shape& shape) {
  std::vector<std::int64_t> strides(shape.rank());
  std::int64_t stride = 1;
  for (std::size_t axis = shape.rank(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

Walk::Walk(std::vector<std::int64_t> extents, std::vector<std::int64_t> strides, std::int64_t begin)
    : extents_(std::move(extents)), strides_(std::move(strides)), begin_(begin) {
  for (const std::int64_t extent : extents_) count_ *= extent;
}

Walk Walk::broadcast(const Shape& from, const Shape& to) {
  const std::vector<std::int64_t> own = row_major_strides(from);
  std::vector<std::int64_t> strides(to.rank(), 0);
  const std::size_t added = to.rank() - from.rank();
  for (std::size_t axis = 0; axis < from.rank(); ++axis)
    strides[added + axis] = from[axis] == 1 ? 0 : own[axis];
  return {to.extents(), std::move(strides)};
}

}  // namespace bascule::reference
