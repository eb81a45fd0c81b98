#include "cli/activity.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bascule/devices/device.h>
#include <bascule/devices/device_activity.h>

#include "cli/table.h"

namespace bascule::cli {

nlohmann::ordered_json activity_json(const DeviceActivity& counted) {
  return {{"launches", counted.launches},
          {"recordings", counted.recordings},
          {"bytes_to_device", counted.to_device},
          {"bytes_to_host", counted.to_host},
          {"bytes_copied", counted.copied}};
}

nlohmann::ordered_json activity_json(const Device& device) {
  const auto* counts = dynamic_cast<const CountsActivity*>(&device);
  if (counts == nullptr) return nullptr;
  return activity_json(counts->activity());
}

std::string activity_text(const Device& device) {
  const auto* counts = dynamic_cast<const CountsActivity*>(&device);
  if (counts == nullptr) return {};
  const DeviceActivity counted = counts->activity();
  return fmt::format("{} took {} kernels, those of {} recorded steps as one each",
                     device.target().device, with_commas(counted.launches),
                     with_commas(counted.recordings));
}

}  // namespace bascule::cli
