#pragma once
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace bascule {
class Device;
struct DeviceActivity;
}  // namespace bascule

namespace bascule::cli {

/// What a device counted.
nlohmann::ordered_json activity_json(const DeviceActivity& counted);
/// The same of a device; null for one that does not count.
nlohmann::ordered_json activity_json(const Device& device);
/// "cuda:0 took 1,200 kernels, those of 99 recorded steps as one each"; empty for one that does not
/// count.
std::string activity_text(const Device& device);

}  // namespace bascule::cli
