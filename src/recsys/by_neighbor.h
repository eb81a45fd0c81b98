#pragma once
#include <bascule/devices/neighbors.h>

namespace bascule {

/// The same lists, row by row of the neighbour: the points whose lists it is in, ascending, with
/// its scores there.
Compressed by_neighbor(const NeighborLists& lists);

}  // namespace bascule
