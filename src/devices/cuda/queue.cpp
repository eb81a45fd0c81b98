#include "devices/cuda/queue.h"

#include <fmt/format.h>

namespace bascule::cuda {

Queue::Queue(const Driver& driver, int ordinal)
    : driver_(&driver), name_(fmt::format("cuda:{}", ordinal)) {}

Result<std::unique_ptr<Queue>> Queue::open(const Driver& driver, int ordinal) {
  std::unique_ptr<Queue> queue(new Queue(driver, ordinal));
  BASCULE_TRY(queue->start(ordinal));
  return queue;
}

Status Queue::start(int ordinal) {
  int gpu = 0;
  BASCULE_TRY(call(*driver_, driver_->device_get, &gpu, ordinal));
  BASCULE_TRY(call(*driver_, driver_->context_retain, &context_, gpu));
  owner_ = OwnedContext(*driver_, gpu);
  BASCULE_TRY(call(*driver_, driver_->context_set, context_));
  StreamHandle stream = nullptr;
  BASCULE_TRY(call(*driver_, driver_->stream_create, &stream, kStreamNonBlocking));
  stream_ = OwnedStream(*driver_, stream);
  return {};
}

void Queue::fail(const std::string& what, int result) {
  status_ = {Code::kFailed, fmt::format("{}: {}", name_, what)};
  failure_ = result;
}

}  // namespace bascule::cuda
