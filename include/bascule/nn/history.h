#pragma once
// What happened in each epoch of a fit.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bascule::nn {

struct EpochResult {
  std::int64_t epoch = 0;  ///< from 1
  /// "train_loss"; with a validation part "valid_loss" and "valid_accuracy", or for regression
  /// "valid_mse" and "valid_mae".
  std::map<std::string, double> metrics;
  double learning_rate = 0;  ///< of the last step
  double seconds = 0;
  bool best = false;  ///< the monitored metric is better than in every epoch before

  /// Not a number when there is none of this name.
  [[nodiscard]] double metric(const std::string& name) const;
  /// train_loss / valid_loss, as nolearn's table has it.
  [[nodiscard]] double ratio() const;
};

using History = std::vector<EpochResult>;

/// Losses and errors (mse, mae) fall, all other metrics rise.
bool is_better(const std::string& metric, double value, double than);
/// The epoch with the best value of a metric, the first of equals; null without any.
const EpochResult* best_epoch(const History& history, const std::string& metric);

}  // namespace bascule::nn
