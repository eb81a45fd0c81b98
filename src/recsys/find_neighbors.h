#pragma once
// Neighbours of all items, where the model computes.
#include <bascule/base/timer.h>
#include <bascule/devices/device.h>
#include <bascule/devices/neighbors.h>

namespace bascule {

/// all_neighbors(), on `device` where there is one. Stages "transfer", of a device, and
/// "neighbors". Errors as of all_neighbors() and of the device.
Result<NeighborLists> find_neighbors(const NeighborIndex& index, std::int32_t k, Device* device,
                                     ThreadPool& pool, StageTimes& times);

}  // namespace bascule
