#pragma once
#include <bascule/recsys/contract.h>
#include <bascule/recsys/training.h>
#include <bascule/run/run_folder.h>

namespace bascule {

/// The settings as they were meant: with defaults, where the data lie, who fits.
Settings resolved_settings(const Settings& settings, const std::string& data_path);

/// Every file of a fitted recommender's run but spec.toml and, of a model that learnt by epochs,
/// its history.
Status write_run(RunWriter& run, const Settings& resolved, const LoadedData& loaded,
                 const Recommender& model, const FitOutcome& outcome);

}  // namespace bascule
