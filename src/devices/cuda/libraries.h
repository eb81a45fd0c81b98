#pragma once
// The libraries of CUDA beside the driver. Each is opened when it is first wanted; without one, its
// work is done by plain kernels or refused.
#include "devices/cuda/blas_lt.h"
#include "devices/cuda/solver_table.h"

namespace bascule::cuda {

/// null: the library is not asked for.
struct Libraries {
  Result<const BlasLt*> (*blas_lt)() = nullptr;
  SolverSource solver = nullptr;
};

/// Those of this machine.
inline Libraries system_libraries() {
  return {system_blas_lt, system_solver};
}

}  // namespace bascule::cuda
