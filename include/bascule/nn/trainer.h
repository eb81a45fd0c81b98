#pragma once
// Training and evaluation of a network on batches of samples.
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <bascule/data/batches.h>
#include <bascule/nn/history.h>
#include <bascule/nn/loss.h>
#include <bascule/nn/network.h>
#include <bascule/nn/optimizer.h>
#include <bascule/nn/schedule.h>

namespace bascule::nn {

/// Samples of one part of a data set. Reader and part must outlive every use.
struct Samples {
  const SampleReader* reader = nullptr;
  const LabelledData* part = nullptr;  ///< its labels or targets
  std::vector<std::int32_t> numbers;   ///< of the samples in reader and part

  [[nodiscard]] bool empty() const { return numbers.empty(); }
};
/// All samples of a part.
Samples all_samples(const SampleReader& reader, const LabelledData& part);

struct EarlyStopping {
  std::int64_t patience = 0;  ///< stops after so many epochs without a better value; 0: never
  /// "valid_loss", "valid_accuracy", "train_loss", …; empty: valid_loss, or train_loss without a
  /// validation part. Also decides what the best epoch is.
  std::string monitor;
  bool restore_best = false;  ///< the network ends with the parameters of its best epoch
};

/// Where a fit stands, for a progress bar.
struct Progress {
  std::int64_t epoch = 0, epochs = 0;   ///< the epoch at work, from 1
  std::int64_t batch = 0, batches = 0;  ///< done and in all, in this epoch
};

/// How a fit is watched, stopped and gone on with.
struct FitControl {
  /// Folder of last.safetensors and best.safetensors; empty: no checkpoints are written.
  std::string checkpoints;
  /// At most one pair of checkpoints in so many seconds, but always one at the end and when
  /// interrupted; 0: one every epoch.
  double checkpoint_seconds = 10;
  /// Goes on from last.safetensors, bit for bit as if there had been no stop. Begins anew when
  /// there is none.
  bool resume = false;
  /// Where the options come from, as "key = value; key = value": a fit resumes only a checkpoint
  /// with the same, and its error names the first one that differs.
  std::string settings;

  /// Called once, when data, options and checkpoint were found to fit and nothing was written yet;
  /// an error ends the fit.
  std::function<Status()> on_start = [] { return Status(); };
  std::function<void(const Progress&)> on_progress = [](const Progress&) {};  ///< after each batch
  std::function<void(const History&)> on_epoch = [](const History&) {};  ///< the last entry is new
  std::function<bool()> interrupted = [] { return false; };              ///< asked after each step
};

/// What every fit by epochs has, whatever it learns from.
struct EpochOptions : FitControl {
  ScheduleOptions schedule;
  std::int64_t epochs = 10;
  EarlyStopping early_stopping;
};

struct FitOptions : EpochOptions {
  Loss loss = cross_entropy();
  OptimizerOptions optimizer;
  std::int64_t batch_size = 128;
  bool shuffle = true;
  std::uint64_t seed = 1;  ///< of the order of the samples and of dropout
  /// Threads that make each batch just before its step; null: a thread of its own makes batches
  /// ahead. The former where the device computes on these very threads and no processor is idle.
  ThreadPool* loaders = nullptr;
};

enum class FitStop : std::uint8_t {
  kEpochs,      ///< all epochs are done
  kEarly,       ///< early stopping
  kNotFinite,   ///< a loss or parameter became infinite or NaN; see `message`
  kInterrupted  ///< as asked for; a checkpoint was written
};

struct FitResult {
  History history;  ///< of all epochs, those before a resume too
  FitStop stop = FitStop::kEpochs;
  std::string message;                   ///< of kNotFinite
  std::int64_t best_epoch = 0;           ///< 0: none
  std::optional<VariableSnapshot> best;  ///< parameters and buffers of the best epoch
};

/// Trains. `valid` may be empty. kUsage when loss, options and data do not fit, or a checkpoint is
/// of another model, other options or other data; kBadData for a damaged checkpoint; kFailed for
/// memory and files.
Result<FitResult> fit(Network& network, const Samples& train, const Samples& valid,
                      const FitOptions& options);

/// "loss", and "accuracy" or "mse" and "mae", over all samples.
Result<std::map<std::string, double>> evaluate(Network& network, const Samples& samples,
                                               const Loss& loss);

}  // namespace bascule::nn
