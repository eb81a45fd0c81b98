#pragma once
#include <bascule/devices/cuda_device.h>

#include "devices/cuda/driver.h"
#include "devices/cuda/images.h"
#include "devices/cuda/libraries.h"

namespace bascule::cuda {

/// What a driver, or why there is none, the kernels of a build and, where there are GPUs, libraries
/// make of this machine.
CudaInventory take_inventory(const Result<const Driver*>& driver, const Images& images,
                             const Libraries& libraries);

}  // namespace bascule::cuda
