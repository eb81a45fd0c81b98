#pragma once
// What the loop over epochs drives, whatever a batch is.
#include <cstdint>
#include <map>
#include <string>

#include <bascule/run/variables.h>

namespace bascule::nn {

/// A model with what it learns from. Its steps read the control variable "lr" and add the loss of
/// every sample to the control variable kLossSum.
class Trainable {
 public:
  virtual ~Trainable() = default;

  virtual VariableStore& store() = 0;
  [[nodiscard]] virtual std::int64_t samples() const = 0;  ///< of an epoch
  [[nodiscard]] virtual std::int64_t batches() const = 0;  ///< of an epoch

  /// The next batch is the first one of `first_epoch`, which counts from 0.
  virtual void start(std::int64_t first_epoch, std::int64_t epochs) = 0;
  /// Trains on the next batch.
  virtual Status step() = 0;
  /// Passes the next batch over.
  virtual Status skip() = 0;
  virtual void stop() {}

  /// What is known of the model after an epoch, by name ("loss", "accuracy", "ndcg@100"); nothing
  /// where there are no samples to validate on.
  virtual Result<std::map<std::string, double>> validate() = 0;
};

}  // namespace bascule::nn
