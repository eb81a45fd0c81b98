#pragma once
// What the driver and libraries give out, given back by destructors. Whether giving back worked is
// not asked: it fails only after an error that was told already.
#include <utility>

#include "devices/cuda/driver.h"

namespace bascule::cuda {

template <class Table, class Handle, Entry<int(Handle)> Table::*kRelease>
class Owned {
 public:
  Owned() = default;
  Owned(const Table& table, Handle handle) : table_(&table), handle_(handle) {}
  ~Owned() {
    if (table_ != nullptr) (table_->*kRelease).function(handle_);
  }
  Owned(Owned&& other) noexcept
      : table_(std::exchange(other.table_, nullptr)), handle_(other.handle_) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(table_, other.table_);
    std::swap(handle_, other.handle_);
    return *this;
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;

  [[nodiscard]] Handle get() const { return handle_; }

 private:
  const Table* table_ = nullptr;  ///< null: owns nothing
  Handle handle_{};
};

/// A reference to the primary context of a GPU, by the GPU's number.
using OwnedContext = Owned<Driver, int, &Driver::context_release>;
using OwnedStream = Owned<Driver, StreamHandle, &Driver::stream_destroy>;
using OwnedEvent = Owned<Driver, EventHandle, &Driver::event_destroy>;
using OwnedModule = Owned<Driver, ModuleHandle, &Driver::module_unload>;
using OwnedGraph = Owned<Driver, GraphHandle, &Driver::graph_destroy>;
using OwnedGraphExec = Owned<Driver, GraphExecHandle, &Driver::graph_exec_destroy>;
using OwnedMemory = Owned<Driver, DevicePointer, &Driver::memory_free>;
using OwnedHostMemory = Owned<Driver, void*, &Driver::host_free>;

}  // namespace bascule::cuda
