#include "devices/cuda/walks.h"

#include <cassert>

#include "devices/reference/strides.h"

namespace bascule::cuda {

Walk straight_walk(std::int64_t count) {
  return make_walk({count}, {1});
}

Walk make_walk(const std::vector<std::int64_t>& extents, const std::vector<std::int64_t>& strides,
               std::int64_t begin) {
  assert(extents.size() <= kRank && extents.size() == strides.size());
  Walk walk;
  walk.begin = begin;
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    if (extents[axis] == 1) continue;
    const int last = walk.rank - 1;
    if (last >= 0 && walk.strides[last] == strides[axis] * extents[axis]) {
      walk.extents[last] *= extents[axis];
      walk.strides[last] = strides[axis];
      continue;
    }
    walk.extents[walk.rank] = extents[axis];
    walk.strides[walk.rank++] = strides[axis];
  }
  return walk;
}

Walk broadcast_walk(const Shape& from, const Shape& to) {
  const std::vector<std::int64_t> own = reference::row_major_strides(from);
  std::vector<std::int64_t> strides(to.rank(), 0);
  const std::size_t added = to.rank() - from.rank();
  for (std::size_t axis = 0; axis < from.rank(); ++axis)
    strides[added + axis] = from[axis] == 1 ? 0 : own[axis];
  return make_walk(to.extents(), strides);
}

}  // namespace bascule::cuda
