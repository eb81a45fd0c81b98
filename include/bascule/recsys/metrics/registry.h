#pragma once
// Metrics by name: "recall@20", "ndcg@100", "map@10".
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/recsys/metrics/ranking.h>

namespace bascule {

enum class MetricKind {
  kRelevance,  ///< a mean over users of MetricInfo::of_user
  kNovelty,    ///< a mean over users; needs the popularity of the items
  kCoverage    ///< one number for all users together, without a standard error
};

struct MetricInfo {
  std::string_view name;  ///< "recall"
  MetricKind kind = MetricKind::kRelevance;
  double (*of_user)(const metrics::Ranking&, std::int32_t k) = nullptr;  ///< kRelevance only
};

/// Every metric there is, in the order in which tables show them.
std::span<const MetricInfo> known_metrics();

/// A metric and its K.
struct Metric {
  const MetricInfo* info = nullptr;
  std::int32_t k = 0;
  /// "recall@20".
  [[nodiscard]] std::string name() const;
};

/// Reads "name@K", K >= 1. kUsage, with the names that exist, for anything else.
Result<Metric> parse_metric(std::string_view text);

/// Every known metric at every K of `at`. kUsage when a K is below 1.
Result<std::vector<Metric>> metrics_at(std::span<const std::int32_t> at);

}  // namespace bascule
