#pragma once
// What the driver gives out, given back by destructors. Whether giving back worked is not asked: it
// fails only after an error that was told already.
#include <utility>

#include "devices/cuda/driver.h"

namespace bascule::cuda {

template <class Handle, Entry<int(Handle)> Driver::*kRelease>
class Owned {
 public:
  Owned() = default;
  Owned(const Driver& driver, Handle handle) : driver_(&driver), handle_(handle) {}
  ~Owned() {
    if (driver_ != nullptr) (driver_->*kRelease).function(handle_);
  }
  Owned(Owned&& other) noexcept
      : driver_(std::exchange(other.driver_, nullptr)), handle_(other.handle_) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(driver_, other.driver_);
    std::swap(handle_, other.handle_);
    return *this;
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;

  [[nodiscard]] Handle get() const { return handle_; }

 private:
  const Driver* driver_ = nullptr;  ///< null: owns nothing
  Handle handle_{};
};

/// A reference to the primary context of a GPU, by the GPU's number.
using OwnedContext = Owned<int, &Driver::context_release>;
using OwnedStream = Owned<StreamHandle, &Driver::stream_destroy>;
using OwnedEvent = Owned<EventHandle, &Driver::event_destroy>;
using OwnedModule = Owned<ModuleHandle, &Driver::module_unload>;
using OwnedMemory = Owned<DevicePointer, &Driver::memory_free>;
using OwnedHostMemory = Owned<void*, &Driver::host_free>;

}  // namespace bascule::cuda
