#pragma once
#include <cstdint>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/base/timer.h>
#include <bascule/devices/elastic_net.h>

namespace bascule {

/// A device that solves elastic nets; others leave that to elastic_net.h.
class SolvesElasticNets {
 public:
  virtual ~SolvesElasticNets() = default;
  /// What elastic_net() takes of the device's own memory.
  [[nodiscard]] virtual std::int64_t elastic_net_bytes(std::int64_t columns) = 0;
  /// As the function of elastic_net.h, by the same order of steps, within the rounding of single
  /// precision. Appends the stages "transfer" and "weights". Errors as there, and kFailed when
  /// memory is short, before anything is copied, or the device fails.
  [[nodiscard]] virtual Result<std::vector<std::vector<ColumnWeight>>> elastic_net(
      const SymmetricMatrix& gram, const ElasticNet& problem, ThreadPool& pool,
      StageTimes& times) = 0;
};

}  // namespace bascule
