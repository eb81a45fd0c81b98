#pragma once
// Copies between the GPU and ordinary host memory through pinned buffers: the driver copies from
// some while the processor fills or empties others. They are many so that batches can be sent while
// the steps before them are still at work.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "devices/cuda/queue.h"

namespace bascule::cuda {

class Staging {
 public:
  static constexpr std::int64_t kBufferBytes = std::int64_t{1} << 20;
  static constexpr std::size_t kBuffers = 16;

  /// kNoDevice when the pinned memory is not to be had.
  static Result<std::unique_ptr<Staging>> make(std::shared_ptr<Queue> queue);
  ~Staging() { queue_->drain(); }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  /// Done with `host` when it returns; the copy itself is ordered like everything in the queue.
  void to_device(const void* host, DevicePointer device, std::int64_t bytes);
  /// Waits for the copy, and so for all that was asked before. Leaves `host` as it is once the
  /// queue has an error.
  void to_host(DevicePointer device, void* host, std::int64_t bytes);

 private:
  struct Buffer {
    std::byte* data = nullptr;
    OwnedEvent used;  ///< the last copy from or to it
  };
  explicit Staging(std::shared_ptr<Queue> queue) : queue_(std::move(queue)) {}
  Status fill();
  /// Waits until the copy from or to this buffer is done.
  bool wait(Buffer& buffer);

  std::shared_ptr<Queue> queue_;
  OwnedHostMemory memory_;
  std::array<Buffer, kBuffers> buffers_;
  std::size_t next_ = 0;  ///< the buffer used longest ago
};

}  // namespace bascule::cuda
