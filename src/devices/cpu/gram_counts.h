#pragma once
#include <bascule/devices/symmetric.h>

#include "devices/cpu/co_counts.h"

namespace bascule::detail {

/// gram_matrix() of values that are all 1: sums are counts, exact whatever the kernels.
Result<SymmetricMatrix> gram_of_ones(const CoCountKernels& kernels, const CompressedView& x,
                                     std::span<const std::int32_t> columns, ThreadPool& pool);

}  // namespace bascule::detail
