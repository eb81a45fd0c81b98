#pragma once
#include <bascule/devices/cuda_device.h>

#include "devices/cuda/driver.h"
#include "devices/cuda/images.h"

namespace bascule::cuda {

/// What a driver, or why there is none, and the kernels of a build make of this machine.
CudaInventory take_inventory(const Result<const Driver*>& driver, const Images& images);

}  // namespace bascule::cuda
