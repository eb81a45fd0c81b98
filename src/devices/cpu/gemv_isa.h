#pragma once
#include "devices/cpu/gemv_kernels.h"

namespace bascule::detail {

extern const GemvKernels kGemvPortable;
#if defined(__x86_64__)
extern const GemvKernels kGemvAvx2;
extern const GemvKernels kGemvAvx512;
#endif

}  // namespace bascule::detail
