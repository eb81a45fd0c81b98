#pragma once
#include <memory>

#include <bascule/devices/device.h>

#include "devices/cuda/driver.h"
#include "devices/cuda/images.h"
#include "devices/cuda/solver_table.h"

namespace bascule::cuda {

/// Where a table of cuSOLVER comes from, asked when something is to be inverted.
using SolverSource = Result<const SolverTable*> (*)();

/// The GPU with this number of a driver, which outlives the device; for tests with other tables.
Result<std::unique_ptr<Device>> open_device(const Driver& driver, const Images& images, int ordinal,
                                            SolverSource solver = system_solver);

}  // namespace bascule::cuda
