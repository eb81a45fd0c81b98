#pragma once
#include <memory>

#include <bascule/devices/device.h>

#include "devices/cpu/gemm_kernels.h"
#include "devices/cpu/vector_kernels.h"

namespace bascule::detail {

/// The cpu device with the kernels of one instruction set; for tests.
std::unique_ptr<Device> make_cpu_device(ThreadPool& pool, const VectorKernels& vector,
                                        const GemmKernels& gemm);

}  // namespace bascule::detail
