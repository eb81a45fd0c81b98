#pragma once
#include <functional>
#include <memory>

#include <bascule/devices/device.h>

#include "devices/cuda/queue.h"

namespace bascule::cuda {

/// What `work` asks of the queue, as one CUDA graph. Work that the driver does not record, or for
/// whose graph it has no memory, leaves the queue as it was; any other error is kept there.
Result<std::unique_ptr<Recording>> record(const std::shared_ptr<Queue>& queue,
                                          const std::function<void()>& work);

}  // namespace bascule::cuda
