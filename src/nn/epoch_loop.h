#pragma once
#include <limits>
#include <optional>
#include <string>

#include <bascule/base/timer.h>
#include <bascule/nn/trainer.h>

#include "nn/checkpoint.h"
#include "nn/evaluator.h"

namespace bascule::nn {

/// One fit, from its first step or a checkpoint to its end.
class Fit {
 public:
  static Result<Fit> make(Network& network, const Samples& train, const Samples& valid,
                          const FitOptions& options);
  Result<FitResult> run();

 private:
  /// What an epoch, or the whole fit, was left with.
  using Stop = std::optional<FitStop>;

  Fit(Network& network, const FitOptions& options, BatchSource source, BatchPrograms programs,
      std::int64_t samples, std::int64_t batches)
      : network_(network),
        options_(options),
        source_(std::move(source)),
        programs_(std::move(programs)),
        sums_(network.store(), {kLossSum}),
        samples_(samples),
        batches_(batches) {}

  Status begin();
  Status resume();
  Status skip_done_batches();
  Result<Stop> train_epoch();
  Status set_learning_rate();
  Result<Stop> finish_epoch();
  Result<Stop> save(bool now);
  [[nodiscard]] bool stale() const;
  [[nodiscard]] double best_so_far() const;
  Stop not_finite(std::string what);

  Network& network_;
  const FitOptions& options_;
  BatchSource source_;
  BatchPrograms programs_;
  EpochSums sums_;
  std::optional<Evaluator> evaluator_;
  std::int64_t samples_, batches_;
  std::string monitor_;
  Fingerprint fingerprint_;
  TrainingState state_;
  FitResult result_;
  Stopwatch epoch_watch_, saved_watch_;
  double rate_ = std::numeric_limits<double>::quiet_NaN();
  std::int64_t best_saved_ = 0;  // epoch of best.safetensors
};

}  // namespace bascule::nn
