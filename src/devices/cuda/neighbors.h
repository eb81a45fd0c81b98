#pragma once
#include <bascule/devices/neighbor_search.h>

#include "devices/cuda/session.h"

namespace bascule::cuda {

/// Copies the index to the GPU: both orientations, norms. kFailed, with what is needed and what is
/// free, before anything is copied, when it has no room.
Result<std::unique_ptr<NeighborSearch>> place_neighbors(const Session& session,
                                                        const NeighborIndex& index);

/// Copies the written-out matrix to the GPU. Errors as above.
Result<std::unique_ptr<DenseSearch>> place_dense(const Session& session, const DenseMatrix& matrix);

}  // namespace bascule::cuda
