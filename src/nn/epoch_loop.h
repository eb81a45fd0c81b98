#pragma once
#include <limits>
#include <optional>
#include <string>

#include <bascule/base/timer.h>
#include <bascule/nn/trainer.h>

#include "nn/batch_runner.h"
#include "nn/checkpoint.h"
#include "nn/trainable.h"

namespace bascule::nn {

/// One fit, from its first step or a checkpoint to its end.
class EpochLoop {
 public:
  /// All must outlive the loop. `lr` is the learning rate that the schedule starts from, `monitor`
  /// the metric that says which epoch is the best, `fingerprint` what a checkpoint must agree with.
  EpochLoop(Trainable& trained, const EpochOptions& options, double lr, std::string monitor,
            Fingerprint fingerprint);
  Result<FitResult> run();

 private:
  /// What an epoch, or the whole fit, was left with.
  using Stop = std::optional<FitStop>;

  Status begin();
  Status resume();
  Status skip_done_batches();
  Result<Stop> train_epoch();
  Status set_learning_rate();
  Result<Stop> finish_epoch();
  /// Of a loss that is scaled: where the scale stands, and how many steps it cost.
  Result<Stop> note_loss_scale(EpochResult& epoch);
  Result<Stop> save(bool now);
  [[nodiscard]] bool stale() const;
  [[nodiscard]] double best_so_far() const;
  Stop not_finite(std::string what);

  Trainable& trained_;
  const EpochOptions& options_;
  EpochSums sums_;
  std::int64_t batches_;
  double lr_;
  std::string monitor_;
  Fingerprint fingerprint_;
  TrainingState state_;
  FitResult result_;
  Stopwatch epoch_watch_, saved_watch_;
  double rate_ = std::numeric_limits<double>::quiet_NaN();
  std::int64_t best_saved_ = 0;  // epoch of best.safetensors
};

}  // namespace bascule::nn
