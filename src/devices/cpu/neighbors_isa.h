#pragma once
#include "devices/cpu/neighbors_kernels.h"

namespace bascule::detail {

extern const NeighborKernels kNeighborsPortable;
#if defined(__x86_64__)
extern const NeighborKernels kNeighborsAvx2;
extern const NeighborKernels kNeighborsAvx512;
#endif

}  // namespace bascule::detail
