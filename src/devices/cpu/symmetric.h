#pragma once
#include <bascule/devices/symmetric.h>

#include "devices/cpu/gemm_kernels.h"

namespace bascule::detail {

/// invert() with the loops of one instruction set.
Status invert(const GemmKernels& kernels, SymmetricMatrix& matrix, ThreadPool& pool);

}  // namespace bascule::detail
