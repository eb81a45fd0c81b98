#pragma once
// From a resolved spec to a run folder.
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <bascule/base/config.h>
#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/base/timer.h>
#include <bascule/data/prepare.h>
#include <bascule/data/read_report.h>
#include <bascule/data/titles.h>

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
  std::map<std::string, double> metrics;
  StageTimes times;
};

struct FitRequest {
  std::string out;                     ///< run folder; empty: nothing is written
  std::vector<std::string> data_dirs;  ///< see load_data
  /// Called with a line per stage as it ends.
  std::function<void(const std::string&)> log = [](const std::string&) {};
  /// Asked between stages; true stops the fit with kInterrupted before anything is written.
  std::function<bool()> interrupted = [] { return false; };
};

/// Reads, prepares, fits and writes the run folder.
Result<FitOutcome> fit_recommender(const Settings& settings, const FitRequest& request,
                                   ThreadPool& pool);

}  // namespace bascule
