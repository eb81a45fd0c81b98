#pragma once
#include <bascule/devices/device.h>

namespace bascule::detail {

/// Pages straight from the system, in huge ones where it has them: weights and activations are
/// walked from end to end, and small pages would cost a table walk every 4 KiB.
class LargeMemory final : public DeviceMemory {
 public:
  static constexpr std::int64_t kHugePage = std::int64_t{2} << 20;
  static constexpr std::int64_t kLeast = kHugePage;

  /// Zeros, aligned to kHugePage; kFailed when the memory is not to be had.
  static Result<std::unique_ptr<DeviceMemory>> make(std::int64_t bytes);
  ~LargeMemory() override;
  LargeMemory(const LargeMemory&) = delete;
  LargeMemory& operator=(const LargeMemory&) = delete;

  [[nodiscard]] void* data() override { return data_; }
  [[nodiscard]] std::int64_t bytes() const override { return bytes_; }

 private:
  LargeMemory(void* mapping, std::size_t mapped, void* data, std::int64_t bytes)
      : mapping_(mapping), mapped_(mapped), data_(data), bytes_(bytes) {}

  void* mapping_;
  std::size_t mapped_;
  void* data_;
  std::int64_t bytes_;
};

}  // namespace bascule::detail
