#pragma once
#include <memory>

#include <bascule/devices/device.h>

namespace bascule::reference {

/// The reference device with every f32 and bf16 value held as a double, on the host too: its
/// values take more memory than their type says. For gradient checks.
std::unique_ptr<Device> make_double_device();
/// Bytes of a value on that device.
std::int64_t double_bytes(const ValueType& type);

}  // namespace bascule::reference
