#pragma once
// Memory of the GPU that is kept when it is given back: cuMemAlloc and cuMemFree wait for the whole
// device, and programs of one store ask for the same sizes again. Blocks go to the next one who
// asks at once, because all work is in one stream and so comes after that of the owner before.
#include <cstdint>
#include <map>
#include <memory>

#include <bascule/devices/device.h>

#include "devices/cuda/queue.h"

namespace bascule::cuda {

class Arena : public std::enable_shared_from_this<Arena> {
 public:
  explicit Arena(std::shared_ptr<Queue> queue) : queue_(std::move(queue)) {}
  ~Arena() { queue_->drain(); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Memory full of zeros, aligned to 256 bytes, that goes back to the arena by its destructor.
  /// kFailed, with what is wanted and what is free, when there is not so much, also after
  /// everything kept was given back to the driver.
  Result<std::unique_ptr<DeviceMemory>> allocate(std::int64_t bytes);

  /// The same error before anything is taken, for several allocations together.
  Status require(std::int64_t bytes);

  /// At the driver and kept here.
  Result<std::int64_t> free_bytes();

  /// Bytes that a block for so many has: few different sizes fit more often.
  static std::int64_t block_bytes(std::int64_t bytes);

 private:
  class Memory;
  Result<OwnedMemory> take(std::int64_t bytes);
  [[nodiscard]] Error short_of(std::int64_t bytes, std::int64_t free) const;

  std::shared_ptr<Queue> queue_;
  std::multimap<std::int64_t, OwnedMemory> kept_;  ///< by size
};

}  // namespace bascule::cuda
