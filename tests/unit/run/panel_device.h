#pragma once
#include <memory>

#include <bascule/devices/device.h>

namespace bascule::test {

/// The reference device with weights in panels of 4 columns, padded to 2; its kernels convert what
/// they are given.
std::unique_ptr<Device> make_panel_device();

}  // namespace bascule::test
