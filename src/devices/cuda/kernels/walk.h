#pragma once
// Where the elements of a tensor lie when it is walked in an order other than its own.
#include <cstdint>

#include "devices/cuda/kernels/qualifiers.h"

namespace bascule::cuda {

inline constexpr int kRank = 8;  ///< most axes of a walk

/// Axes of extent 1 are left out and neighbours are joined where they lie like one (walks.h), so
/// the usual cases need no division.
struct Walk {
  std::int32_t rank = 0;
  std::int64_t begin = 0;
  std::int64_t extents[kRank] = {};
  std::int64_t strides[kRank] = {};
};

/// The place of element i, counted row by row, of those there are.
BASCULE_DEVICE std::int64_t place_of(const Walk& walk, std::int64_t i) {
  std::int64_t place = walk.begin;
  for (int axis = walk.rank - 1; axis > 0; --axis) {
    place += i % walk.extents[axis] * walk.strides[axis];
    i /= walk.extents[axis];
  }
  return walk.rank > 0 ? place + i * walk.strides[0] : place;
}

}  // namespace bascule::cuda
