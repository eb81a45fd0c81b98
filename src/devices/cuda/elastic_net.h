#pragma once
#include <bascule/devices/solves_elastic_nets.h>

#include "devices/cuda/session.h"

namespace bascule::cuda {

/// See SolvesElasticNets.
std::int64_t elastic_net_bytes(std::int64_t columns);
Result<std::vector<std::vector<ColumnWeight>>> elastic_net(const Session& session,
                                                           const SymmetricMatrix& gram,
                                                           const ElasticNet& problem,
                                                           ThreadPool& pool, StageTimes& times);

}  // namespace bascule::cuda
