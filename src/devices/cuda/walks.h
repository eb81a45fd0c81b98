#pragma once
// Makes the walks that kernels follow.
#include <bascule/base/shape.h>

#include "devices/cuda/kernels/walk.h"

namespace bascule::cuda {

/// All elements in their order.
Walk straight_walk(std::int64_t count);
/// Axes with these extents and distances in elements, from `begin` on; at most kRank of them.
Walk make_walk(const std::vector<std::int64_t>& extents, const std::vector<std::int64_t>& strides,
               std::int64_t begin = 0);
/// The elements of `from`, each repeated as broadcasting to `to` repeats them.
Walk broadcast_walk(const Shape& from, const Shape& to);

}  // namespace bascule::cuda
