#pragma once
// The judge: what the fast kernels are compared with. Plain loops over doubles, every pair.
#include <vector>

#include <bascule/devices/neighbors.h>

namespace bascule::reference {

/// Score of every ordered pair of points, points × points, row i holding the scores of i's list.
std::vector<double> all_scores(const CompressedView& matrix, PointAxis points,
                               const NeighborOptions& options, std::span<const float> factors = {});

/// Scores of all points against one line; as bascule::query, before the selection.
std::vector<double> query_scores(const CompressedView& matrix, PointAxis points,
                                 const NeighborOptions& options, SparseLine vector);

}  // namespace bascule::reference
