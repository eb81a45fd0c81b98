#include <cmath>
#include <limits>

#include <bascule/nn/history.h>

namespace bascule::nn {

double EpochResult::metric(const std::string& name) const {
  const auto at = metrics.find(name);
  return at == metrics.end() ? std::numeric_limits<double>::quiet_NaN() : at->second;
}

double EpochResult::ratio() const {
  return metric("train_loss") / metric("valid_loss");
}

bool is_better(const std::string& metric, double value, double than) {
  const bool falls = metric.ends_with("loss") || metric.ends_with("mse") || metric.ends_with("mae");
  return falls ? value < than : value > than;
}

const EpochResult* best_epoch(const History& history, const std::string& metric) {
  const EpochResult* best = nullptr;
  for (const EpochResult& epoch : history) {
    const double value = epoch.metric(metric);
    if (std::isnan(value)) continue;
    if (best == nullptr || is_better(metric, value, best->metric(metric))) best = &epoch;
  }
  return best;
}

}  // namespace bascule::nn
