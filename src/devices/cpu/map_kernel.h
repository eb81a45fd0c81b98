#pragma once
#include <bascule/graph/element_op.h>

#include "devices/cpu/cpu_kernels.h"

namespace bascule::detail {

/// Runs `code` over the elements of the request's outputs.
std::unique_ptr<Kernel> make_map_kernel(const CpuContext& context, MapCode code,
                                        const KernelRequest& request);

}  // namespace bascule::detail
