#pragma once
#include <memory>

#include <bascule/devices/device.h>

#include "devices/cuda/driver.h"
#include "devices/cuda/images.h"

namespace bascule::cuda {

/// The GPU with this number of a driver, which outlives the device; for tests with another table.
Result<std::unique_ptr<Device>> open_device(const Driver& driver, const Images& images,
                                            int ordinal);

}  // namespace bascule::cuda
