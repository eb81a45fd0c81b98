#pragma once
// Memory of the devices that compute on the host.
#include <bascule/devices/device.h>
#include <bascule/tensor/buffer.h>

namespace bascule::detail {

class HostMemory final : public DeviceMemory {
 public:
  /// Filled with zeros, aligned to 64 bytes; kFailed when the memory is not to be had.
  static Result<std::unique_ptr<DeviceMemory>> make(std::int64_t bytes);

  [[nodiscard]] void* data() override { return buffer_.data(); }
  [[nodiscard]] std::int64_t bytes() const override {
    return static_cast<std::int64_t>(buffer_.size());
  }

 private:
  explicit HostMemory(Buffer<std::byte> buffer) : buffer_(std::move(buffer)) {}
  Buffer<std::byte> buffer_;
};

}  // namespace bascule::detail
