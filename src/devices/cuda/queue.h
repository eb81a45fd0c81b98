#pragma once
// A GPU's context and one stream in it, and the first error of anything that was asked of them.
#include <memory>
#include <string>

#include <bascule/devices/device_activity.h>

#include "devices/cuda/handles.h"

namespace bascule::cuda {

class Queue {
 public:
  /// kNoDevice, with the call and its reason, when the context or the stream is not to be had.
  static Result<std::unique_ptr<Queue>> open(const Driver& driver, int ordinal);
  ~Queue() {
    if (stream_.get() != nullptr) drain();
  }
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  /// Calls the driver unless an error is kept already; keeps one that arises. Whether all is well.
  template <class... Parameters, class... Arguments>
  bool run(const Entry<int(Parameters...)>& entry, Arguments... arguments) {
    if (!status_.ok()) return false;
    const int result = attempt(entry, arguments...);
    if (result != kSuccess) fail(describe(*driver_, entry.name, result), result);
    return result == kSuccess;
  }
  /// The same, and the caller judges the result.
  template <class... Parameters, class... Arguments>
  int attempt(const Entry<int(Parameters...)>& entry, Arguments... arguments) {
    // Which context is current is a matter of the calling thread.
    const int result = driver_->context_set.function(context_);
    return result == kSuccess ? entry.function(arguments...) : result;
  }

  /// Makes the context that of the calling thread, for libraries that ask for it. Whether all is
  /// well; an error is kept.
  bool enter() { return run(driver_->context_set, context_); }

  /// Keeps an error that is told so, with the driver's number for it if it is the driver's.
  void fail(const std::string& what, int result);
  /// The number of the error that is kept.
  [[nodiscard]] int failure() const { return failure_; }
  /// Goes on after an error of what was only to be recorded.
  void forget_failure() {
    status_ = {};
    failure_ = kSuccess;
  }

  /// Waits until nothing uses memory any more: for destructors, which may run in any thread.
  void drain() { attempt(driver_->stream_synchronize, stream_.get()); }

  /// kFailed: "cuda:0: cuLaunchKernel: …".
  [[nodiscard]] const Status& status() const { return status_; }
  [[nodiscard]] const Driver& driver() const { return *driver_; }
  [[nodiscard]] StreamHandle stream() const { return stream_.get(); }
  [[nodiscard]] const std::string& name() const { return name_; }
  /// Counted by those who ask: what the driver took without an error.
  [[nodiscard]] DeviceActivity& activity() { return activity_; }

 private:
  Queue(const Driver& driver, int ordinal);
  Status start(int ordinal);

  const Driver* driver_;
  std::string name_;
  Status status_;
  int failure_ = kSuccess;
  DeviceActivity activity_;
  OwnedContext owner_;
  ContextHandle context_ = nullptr;
  OwnedStream stream_;
};

}  // namespace bascule::cuda
