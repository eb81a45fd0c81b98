#pragma once
#include <memory>

#include <bascule/devices/cuda_device.h>

#include "devices/cuda/driver.h"
#include "devices/cuda/images.h"
#include "devices/cuda/libraries.h"

namespace bascule::cuda {

/// The GPU with this number of a driver, which outlives the device; for tests with other tables.
Result<std::unique_ptr<Device>> open_device(const Driver& driver, const Images& images, int ordinal,
                                            const CudaOptions& options = {},
                                            const Libraries& libraries = {});

}  // namespace bascule::cuda
