#include "devices/host_memory.h"

#include <algorithm>

namespace bascule::detail {

Result<std::unique_ptr<DeviceMemory>> HostMemory::make(std::int64_t bytes) {
  BASCULE_ASSIGN(auto buffer, Buffer<std::byte>::make(static_cast<std::size_t>(bytes)));
  std::fill_n(buffer.data(), buffer.size(), std::byte{0});
  return std::unique_ptr<DeviceMemory>(new HostMemory(std::move(buffer)));
}

}  // namespace bascule::detail
