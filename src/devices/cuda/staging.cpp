#include "devices/cuda/staging.h"

#include <algorithm>
#include <cstring>

namespace bascule::cuda {

Result<std::unique_ptr<Staging>> Staging::make(std::shared_ptr<Queue> queue) {
  std::unique_ptr<Staging> staging(new Staging(std::move(queue)));
  BASCULE_TRY(staging->fill());
  return staging;
}

Status Staging::fill() {
  const Driver& driver = queue_->driver();
  for (Buffer& buffer : buffers_) {
    void* memory = nullptr;
    BASCULE_TRY(
        call(driver, driver.host_allocate, &memory, static_cast<std::size_t>(kBufferBytes), 0U));
    buffer.memory = OwnedHostMemory(driver, memory);
    EventHandle event = nullptr;
    BASCULE_TRY(call(driver, driver.event_create, &event, kEventWithoutTiming));
    buffer.used = OwnedEvent(driver, event);
  }
  return {};
}

bool Staging::wait(Buffer& buffer) {
  // An event that was never recorded is done.
  return queue_->run(queue_->driver().event_synchronize, buffer.used.get());
}

void Staging::to_device(const void* host, DevicePointer device, std::int64_t bytes) {
  const Driver& driver = queue_->driver();
  const auto* from = static_cast<const std::byte*>(host);
  for (std::int64_t done = 0; done < bytes; done += kBufferBytes) {
    Buffer& buffer = buffers_[next_];
    next_ = 1 - next_;
    const auto part = static_cast<std::size_t>(std::min(kBufferBytes, bytes - done));
    if (!wait(buffer)) return;
    std::memcpy(buffer.memory.get(), from + done, part);
    if (queue_->run(driver.to_device, device + static_cast<DevicePointer>(done),
                    buffer.memory.get(), part, queue_->stream()))
      queue_->activity().to_device += static_cast<std::int64_t>(part);
    queue_->run(driver.event_record, buffer.used.get(), queue_->stream());
  }
}

void Staging::to_host(DevicePointer device, void* host, std::int64_t bytes) {
  const Driver& driver = queue_->driver();
  auto* to = static_cast<std::byte*>(host);
  // One part is under way while the one before it is emptied.
  std::int64_t asked = 0;
  for (std::int64_t emptied = 0; emptied < bytes; emptied += kBufferBytes) {
    for (; asked < bytes && asked < emptied + 2 * kBufferBytes; asked += kBufferBytes) {
      Buffer& buffer = buffers_[static_cast<std::size_t>(asked / kBufferBytes % 2)];
      const auto part = static_cast<std::size_t>(std::min(kBufferBytes, bytes - asked));
      // In the queue this comes after what was last copied from the buffer.
      if (queue_->run(driver.to_host, buffer.memory.get(),
                      device + static_cast<DevicePointer>(asked), part, queue_->stream()))
        queue_->activity().to_host += static_cast<std::int64_t>(part);
      queue_->run(driver.event_record, buffer.used.get(), queue_->stream());
    }
    Buffer& buffer = buffers_[static_cast<std::size_t>(emptied / kBufferBytes % 2)];
    if (!wait(buffer)) return;
    std::memcpy(to + emptied, buffer.memory.get(),
                static_cast<std::size_t>(std::min(kBufferBytes, bytes - emptied)));
  }
}

}  // namespace bascule::cuda
