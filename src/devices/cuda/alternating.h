#pragma once
#include <bascule/devices/alternating.h>

#include "devices/cuda/session.h"

namespace bascule::cuda {

/// See SolvesLeastSquares::alternate().
Result<std::unique_ptr<AlternatingFactors>> alternate(const Session& session,
                                                      const CompressedView& by_user,
                                                      const CompressedView& by_item,
                                                      const FactorMatrix& items,
                                                      const LeastSquares& problem);

}  // namespace bascule::cuda
