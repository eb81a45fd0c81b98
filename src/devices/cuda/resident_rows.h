#pragma once
#include <bascule/devices/resident_rows.h>

#include "devices/cuda/session.h"

namespace bascule::cuda {

/// Copies the matrix to the GPU, with room for batches of so many rows and elements. kFailed, with
/// what is needed and what is free, before anything is copied, when it has no room.
Result<std::unique_ptr<ResidentRows>> keep_rows(const Session& session,
                                                const CompressedView& matrix, std::int64_t rows,
                                                std::int64_t elements);

}  // namespace bascule::cuda
