#pragma once
// From a resolved spec to a run folder.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <bascule/base/config.h>
#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/base/timer.h>
#include <bascule/compile/compile.h>
#include <bascule/data/prepare.h>
#include <bascule/data/read_report.h>
#include <bascule/data/titles.h>
#include <bascule/nn/trainer.h>

namespace bascule {

/// A data set as a spec describes it: found, read, prepared.
struct LoadedData {
  std::string path;  ///< where data.path was found, absolute
  Dataset data;
  Titles titles;
  ReadReport read;
  PrepareReport prepare;
  StageTimes times;  ///< "read", "filter", "matrix", "titles"
};

/// `data_dirs` are searched for data.path in their order (see data_dirs() in data/catalogue.h).
Result<LoadedData> load_data(const Settings& settings, const std::vector<std::string>& data_dirs,
                             ThreadPool& pool);

struct FitOutcome {
  std::string run;  ///< the folder written; empty when none was asked for
  ReadReport read;
  PrepareReport prepare;
  std::int64_t users = 0, items = 0, interactions = 0;
  /// Of a model that learns by epochs: those of its best epoch, and test_…
  std::map<std::string, double> metrics;
  StageTimes times;

  // Of a model that learns by epochs.
  std::int64_t train_users = 0, valid_users = 0, test_users = 0;
  nn::History history;
  nn::FitStop stop = nn::FitStop::kEpochs;
  std::int64_t best_epoch = 0;
  double batch_seconds = 0;  ///< in which the training waited for batches
};

struct FitRequest {
  std::string out;      ///< run folder; empty: nothing is written
  bool resume = false;  ///< goes on from the run's last checkpoint
  Precision precision = Precision::kFp32;
  std::shared_ptr<Device> device;      ///< that the model is fitted on; null: the cpu
  std::vector<std::string> data_dirs;  ///< see load_data
  /// Called with a line per stage as it ends.
  std::function<void(const std::string&)> log = [](const std::string&) {};
  std::function<void(const nn::Progress&)> on_progress = [](const nn::Progress&) {};
  std::function<void(const nn::History&)> on_epoch = [](const nn::History&) {};
  /// Asked between stages and steps; true stops the fit with kInterrupted: before anything is
  /// written, or after the checkpoint of a model that learns by epochs.
  std::function<bool()> interrupted = [] { return false; };
};

/// Reads, prepares, fits and writes the run folder.
Result<FitOutcome> fit_recommender(const Settings& settings, const FitRequest& request,
                                   ThreadPool& pool);

}  // namespace bascule
