#pragma once
#include <optional>

#include <bascule/nn/trainer.h>
#include <bascule/recsys/training.h>

#include "cli/context.h"
#include "cli/epoch_table.h"
#include "cli/progress.h"

namespace bascule::cli {

/// What a fit by epochs shows while it runs, on stderr: a bar, and a row of a table for each epoch.
class EpochDisplay {
 public:
  explicit EpochDisplay(const Context& context);
  /// Searches, logs and stops as the context says, and shows what the fit of a recommender reports.
  void watch(FitRequest& request);
  void show(const nn::Progress& now);
  void show(const nn::History& history);

 private:
  const Context& context_;
  EpochTable table_;
  std::optional<Progress> bar_;
  bool begun_ = false;
};

}  // namespace bascule::cli
