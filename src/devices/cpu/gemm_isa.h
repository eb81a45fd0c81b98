#pragma once
#include "devices/cpu/gemm_kernels.h"

namespace bascule::detail {

extern const GemmKernels kGemmPortable;
#if defined(__x86_64__)
extern const GemmKernels kGemmAvx2;
extern const GemmKernels kGemmAvx512;
#endif

}  // namespace bascule::detail
