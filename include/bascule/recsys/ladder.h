#pragma once
// The speed-up ladder: what each way of training Mult-VAE faster is worth on this machine, one
// after another, beside the factors that a case study published for GPUs.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <bascule/base/config.h>
#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/compile/compile.h>
#include <bascule/recsys/training.h>

namespace bascule {

struct LadderOptions {
  double seconds = 3;  ///< of training that are timed on each rung in each round
  int rounds = 5;      ///< every rung has its turn in each, so that all share a machine's moods
  /// Bytes that a rung may plan to take; 0: what is available where it computes.
  std::int64_t memory = 0;
};

struct LadderRung {
  std::string name;  ///< "dense feed", "sparse", …
  std::string what;  ///< what it adds to the rung before
  /// The case study's factor over the rung before; it has none for the fused step.
  std::optional<double> published;
  std::string skipped;  ///< why it was not measured; empty where it was, and what follows is set

  Precision precision = Precision::kFp32;
  /// Users trained in a second, of each round.
  std::vector<double> users_per_second;
  std::int64_t steps = 0;  ///< timed, in all rounds
  double waiting = 0;      ///< share of their time in which they waited for batches
  /// Mean loss of the users of the first steps: from the same parameters, on the same users.
  double loss = 0;
  std::int64_t planned_bytes = 0;  ///< variables, intermediate values and batches, on the device
  /// The most memory the process had, the data included; 0: unknown.
  std::int64_t peak_memory = 0;
  double median = 0;   ///< of users_per_second
  double factor = 1;   ///< of the medians, over the measured rung before
  double product = 1;  ///< of all factors so far
  std::string over;    ///< name of the measured rung before; empty of the first one

  [[nodiscard]] bool measured() const { return skipped.empty(); }
};

struct Ladder {
  std::string path;                  ///< of the data
  bool synthetic = false;            ///< known to be made by make_synthetic()
  std::string model;                 ///< "mult-vae" or "mult-dae"
  std::vector<std::int64_t> widths;  ///< of the layers, from items to items
  std::int64_t users = 0, items = 0, interactions = 0;
  std::int64_t train_users = 0, batch_size = 0;
  std::string processor;  ///< empty when the system does not say
  int threads = 1;
  std::string device;  ///< that trained: "cpu", "cuda:0"
  LadderOptions options;
  std::vector<LadderRung> rungs;  ///< in their order
  double published_product = 0;   ///< of the case study, in its own rounding
};

/// Trains the settings' model on the training users of their split, as fit does, on one rung after
/// another. Every turn begins with the same parameters and some steps that are not timed. A rung
/// that this machine cannot stand on is skipped and says why. Of `request`, `device`, `data_dirs`,
/// `log` and `interrupted` are used. kUsage for another model than Mult-VAE and Mult-DAE, kFailed
/// when no rung fits into memory, kInterrupted.
Result<Ladder> measure_ladder(const Settings& settings, const FitRequest& request,
                              const LadderOptions& options, ThreadPool& pool);

/// As a page with a table and bars, and as a table for other programs.
std::string ladder_report(const Ladder& ladder);
std::string ladder_csv(const Ladder& ladder);

}  // namespace bascule
