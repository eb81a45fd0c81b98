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
  void* memory = nullptr;
  BASCULE_TRY(call(driver, driver.host_allocate, &memory,
                   kBuffers * static_cast<std::size_t>(kBufferBytes), 0U));
  memory_ = OwnedHostMemory(driver, memory);
  auto* data = static_cast<std::byte*>(memory);
  for (Buffer& buffer : buffers_) {
    buffer.data = data;
    data += kBufferBytes;
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
    next_ = (next_ + 1) % kBuffers;
    const auto part = static_cast<std::size_t>(std::min(kBufferBytes, bytes - done));
    if (!wait(buffer)) return;
    std::memcpy(buffer.data, from + done, part);
    if (queue_->run(driver.to_device, device + static_cast<DevicePointer>(done),
                    static_cast<const void*>(buffer.data), part, queue_->stream()))
      queue_->activity().to_device += static_cast<std::int64_t>(part);
    queue_->run(driver.event_record, buffer.used.get(), queue_->stream());
  }
}

void Staging::to_host(DevicePointer device, void* host, std::int64_t bytes) {
  const Driver& driver = queue_->driver();
  auto* to = static_cast<std::byte*>(host);
  // Parts are under way while the ones before them are emptied.
  const auto buffer_of = [this](std::int64_t done) -> Buffer& {
    return buffers_[static_cast<std::size_t>(done / kBufferBytes) % kBuffers];
  };
  constexpr std::int64_t kAhead = 2;
  std::int64_t asked = 0;
  for (std::int64_t emptied = 0; emptied < bytes; emptied += kBufferBytes) {
    for (; asked < bytes && asked < emptied + kAhead * kBufferBytes; asked += kBufferBytes) {
      Buffer& buffer = buffer_of(asked);
      const auto part = static_cast<std::size_t>(std::min(kBufferBytes, bytes - asked));
      // In the queue this comes after what was last copied from the buffer.
      if (queue_->run(driver.to_host, static_cast<void*>(buffer.data),
                      device + static_cast<DevicePointer>(asked), part, queue_->stream()))
        queue_->activity().to_host += static_cast<std::int64_t>(part);
      queue_->run(driver.event_record, buffer.used.get(), queue_->stream());
    }
    Buffer& buffer = buffer_of(emptied);
    if (!wait(buffer)) return;
    std::memcpy(to + emptied, buffer.data,
                static_cast<std::size_t>(std::min(kBufferBytes, bytes - emptied)));
  }
}

}  // namespace bascule::cuda
