#pragma once
// checkpoints/last.safetensors: every variable of a fit and where it stands. checkpoints/
// best.safetensors: parameters and buffers of the best epoch, like model.safetensors.
#include <optional>
#include <string>

#include <bascule/nn/trainer.h>

#include "nn/fingerprint.h"

namespace bascule::nn {

struct TrainingState {
  std::int64_t epoch = 0;  ///< epochs done
  std::int64_t batch = 0;  ///< batches done of the epoch after those
  double loss_sum = 0;     ///< of those batches, as far as it has left the device
  double seconds = 0;      ///< spent on them
  std::int64_t best_epoch = 0;
  History history;
};

Status save_last(const std::string& folder, const VariableSnapshot& variables,
                 const TrainingState& state, const Fingerprint& fingerprint);
/// Restores the variables. Nothing when there is no such file; kUsage when it is of another model
/// or another training; kBadData when it is damaged.
Result<std::optional<TrainingState>> load_last(const std::string& folder, VariableStore& store,
                                               const Fingerprint& fingerprint);

Status save_best(const std::string& folder, const VariableSnapshot& variables, std::int64_t epoch);
/// Nothing when there is no such file or it is of another epoch.
Result<std::optional<VariableSnapshot>> load_best(const std::string& folder,
                                                  const VariableStore& store, std::int64_t epoch);

/// So that a later resume does not go on from an earlier fit.
Status remove_checkpoints(const std::string& folder);

}  // namespace bascule::nn
