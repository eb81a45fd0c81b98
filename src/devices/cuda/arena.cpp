#include "devices/cuda/arena.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

namespace bascule::cuda {
namespace {

constexpr std::int64_t kSmallStep = 512, kLarge = std::int64_t{1} << 20, kLargeStep = kLarge * 2;
/// No GPU has so much; beyond it sizes could not be rounded up.
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 2;

}  // namespace

class Arena::Memory final : public DeviceMemory {
 public:
  Memory(std::shared_ptr<Arena> arena, OwnedMemory block, std::int64_t bytes)
      : arena_(std::move(arena)), block_(std::move(block)), bytes_(bytes) {}
  ~Memory() override { arena_->kept_.emplace(block_bytes(bytes_), std::move(block_)); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  [[nodiscard]] void* data() override { return reinterpret_cast<void*>(block_.get()); }
  [[nodiscard]] std::int64_t bytes() const override { return bytes_; }

 private:
  std::shared_ptr<Arena> arena_;
  OwnedMemory block_;
  std::int64_t bytes_;
};

std::int64_t Arena::block_bytes(std::int64_t bytes) {
  const std::int64_t step = bytes < kLarge ? kSmallStep : kLargeStep;
  return std::max<std::int64_t>(1, (bytes + step - 1) / step) * step;
}

Result<OwnedMemory> Arena::take(std::int64_t bytes) {
  if (const auto kept = kept_.find(bytes); kept != kept_.end()) {
    OwnedMemory block = std::move(kept->second);
    kept_.erase(kept);
    return block;
  }
  const Driver& driver = queue_->driver();
  DevicePointer data = 0;
  const auto size = static_cast<std::size_t>(bytes);
  int result = queue_->attempt(driver.memory_allocate, &data, size);
  if (result == kOutOfMemory && !kept_.empty()) {
    queue_->attempt(driver.stream_synchronize, queue_->stream());
    kept_.clear();
    result = queue_->attempt(driver.memory_allocate, &data, size);
  }
  if (result == kSuccess) return OwnedMemory(driver, data);
  if (result == kOutOfMemory) {
    BASCULE_ASSIGN(const std::int64_t free, free_bytes());
    return short_of(bytes, free);
  }
  return Error{Code::kFailed, fmt::format("{}: {} bytes: {}", queue_->name(), bytes,
                                          describe(driver, driver.memory_allocate.name, result))};
}

Result<std::int64_t> Arena::free_bytes() {
  std::size_t free = 0, total = 0;
  const Driver& driver = queue_->driver();
  const int result = queue_->attempt(driver.memory_info, &free, &total);
  if (result != kSuccess)
    return Error{Code::kFailed, fmt::format("{}: {}", queue_->name(),
                                            describe(driver, driver.memory_info.name, result))};
  auto bytes = static_cast<std::int64_t>(free);
  for (const auto& [kept, block] : kept_) bytes += kept;
  return bytes;
}

Error Arena::short_of(std::int64_t bytes, std::int64_t free) const {
  return {Code::kFailed,
          fmt::format("{}: out of memory: {:.1f} MB are needed, {:.1f} MB are free", queue_->name(),
                      static_cast<double>(bytes) * 1e-6, static_cast<double>(free) * 1e-6)};
}

Status Arena::require(std::int64_t bytes) {
  BASCULE_ASSIGN(const std::int64_t free, free_bytes());
  if (bytes > free) return short_of(bytes, free);
  return {};
}

Result<std::unique_ptr<DeviceMemory>> Arena::allocate(std::int64_t bytes) {
  BASCULE_TRY(queue_->status());
  if (bytes > kMost)
    return Error{Code::kFailed, fmt::format("{}: no GPU has {} bytes", queue_->name(), bytes)};
  BASCULE_ASSIGN(OwnedMemory block, take(block_bytes(bytes)));
  const DevicePointer data = block.get();
  std::unique_ptr<DeviceMemory> memory =
      std::make_unique<Memory>(shared_from_this(), std::move(block), bytes);
  if (bytes > 0)
    queue_->run(queue_->driver().set_bytes, data, static_cast<unsigned char>(0),
                static_cast<std::size_t>(bytes), queue_->stream());
  BASCULE_TRY(queue_->status());
  return memory;
}

}  // namespace bascule::cuda
