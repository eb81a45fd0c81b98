#pragma once
// The libraries of CUDA beside the driver. Each is opened when it is first wanted; without one, its
// work is done by plain kernels or refused.
#include "devices/cuda/blas_lt.h"

namespace bascule::cuda {

struct Libraries {
  Result<const BlasLt*> (*blas_lt)() = nullptr;  ///< null: is not asked for
};

/// Those of this machine.
inline Libraries system_libraries() {
  return {system_blas_lt};
}

}  // namespace bascule::cuda
