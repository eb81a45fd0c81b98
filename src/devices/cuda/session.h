#pragma once
// What recommenders' kernels use of an open GPU.
#include <memory>
#include <span>

#include "devices/cuda/arena.h"
#include "devices/cuda/kernel_library.h"
#include "devices/cuda/staging.h"

namespace bascule::cuda {

/// Of a device, which outlives it.
struct Session {
  Queue* queue;
  Arena* arena;
  Staging* staging;
  const KernelLibrary* kernels;

  [[nodiscard]] Status synchronize() const {
    queue->run(queue->driver().stream_synchronize, queue->stream());
    return queue->status();
  }
};

/// Values on the GPU; none where there are none.
template <class T>
class Values {
 public:
  static Result<Values> make(const Session& session, std::int64_t count) {
    Values values;
    if (count > 0) {
      BASCULE_ASSIGN(values.memory_,
                     session.arena->allocate(count * static_cast<std::int64_t>(sizeof(T))));
    }
    return values;
  }
  static Result<Values> copy(const Session& session, std::span<const T> host) {
    BASCULE_ASSIGN(Values values, make(session, std::ssize(host)));
    if (!host.empty()) values.write(session, host);
    return values;
  }
  /// Sends so many of them, the first ones.
  void write(const Session& session, std::span<const T> host) const {
    session.staging->to_device(host.data(), address(),
                               static_cast<std::int64_t>(host.size_bytes()));
  }
  /// The first of them; waits.
  void read(const Session& session, std::span<T> host) const {
    session.staging->to_host(address(), host.data(), static_cast<std::int64_t>(host.size_bytes()));
  }
  [[nodiscard]] T* data() const {
    return memory_ == nullptr ? nullptr : static_cast<T*>(memory_->data());
  }

 private:
  [[nodiscard]] DevicePointer address() const { return reinterpret_cast<DevicePointer>(data()); }
  std::unique_ptr<DeviceMemory> memory_;
};

}  // namespace bascule::cuda
