#pragma once
#include <vector>

#include "devices/cpu/neighbors_data.h"

namespace bascule::detail {

/// For every rank (padded) a score that its k-th neighbour is sure to reach, found without looking
/// at pairs; kSmallest where nothing is known. A search that starts from them turns most pairs away
/// before a list is full.
std::vector<float> seed_thresholds(const NeighborData& data, std::int32_t k, ThreadPool& pool);

}  // namespace bascule::detail
