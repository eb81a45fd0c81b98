#pragma once
#include <bascule/recsys/contract.h>
#include <bascule/recsys/training.h>

#include "nn/run_log.h"

namespace bascule {

/// Splits the data as [evaluate] of the settings says, trains on the training part, watched by the
/// validation users, and tests on the test users. `run` is begun when nothing can be refused any
/// more, and holds the history afterwards. kInterrupted after the checkpoint was written.
Status learn_by_epochs(Recommender& model, const Settings& settings, const LoadedData& loaded,
                       const FitRequest& request, nn::RunLog& run, FitOutcome& outcome,
                       ThreadPool& pool);

}  // namespace bascule
