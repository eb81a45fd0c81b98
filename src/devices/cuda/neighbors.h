#pragma once
#include <bascule/devices/neighbor_search.h>

#include "devices/cuda/session.h"

namespace bascule::cuda {

/// Copies the index to the GPU: both orientations, norms.
Result<std::unique_ptr<NeighborSearch>> place_neighbors(const Session& session,
                                                        const NeighborIndex& index);

/// Copies the written-out matrix to the GPU. kFailed, with both sizes, when it has no room.
Result<std::unique_ptr<DenseSearch>> place_dense(const Session& session, const DenseMatrix& matrix);

}  // namespace bascule::cuda
