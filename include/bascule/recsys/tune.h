#pragma once
// A search for the options of a recommender that serve the validation users best. The test users
// have no part in it.
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <bascule/base/config.h>
#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/recsys/evaluate.h>
#include <bascule/recsys/training.h>
#include <bascule/run/search_space.h>

namespace bascule {

inline constexpr std::int64_t kMostTrials = 1000;

/// What is searched for, as a spec and its table [tune] say it.
struct TuneSpec {
  Settings settings;   ///< of the recommender, the defaults of its type included
  SearchSpace space;   ///< declared, or what is usual for the type
  std::string metric;  ///< to be as large as it can be: "ndcg@100"
  std::optional<std::int64_t> trials;
};

/// `ranges` are more ranges, as parse_range_option() takes them, which go before those of the spec.
/// kUsage, naming key and line, as Settings::resolve() and parse_ranges(); for a range of a key
/// that the model does not read, or that would change what is compared; for a model without
/// options.
Result<TuneSpec> tune_spec(const Config& config, const std::vector<std::string>& ranges = {});

struct TuneTrial {
  std::int64_t number = 0;  ///< from 1
  SearchPoint point;
  std::string failure;                         ///< why there is no model; empty: there is one
  std::map<std::string, MetricValue> metrics;  ///< on the validation users; none of a failure
  std::int64_t epochs = 0, best_epoch = 0;     ///< of a model that learns by epochs
  double fit_seconds = 0, evaluate_seconds = 0;
};

/// One line of JSON.
std::string trial_json(const TuneTrial& trial, const SearchSpace& space);

enum class TuneStop : std::uint8_t {
  kTrials,    ///< as many as were asked for
  kBudget,    ///< the time is over
  kExhausted  ///< every point was tried
};

struct Tuning {
  std::string path;  ///< of the data
  std::string model, metric;
  SearchSpace space;
  std::int64_t users = 0, items = 0, interactions = 0;
  std::int64_t train_users = 0, valid_users = 0, test_users = 0;
  std::vector<TuneTrial> trials;    ///< finished, in their order
  std::int64_t resumed = 0;         ///< of them, that an earlier search had finished
  std::optional<std::size_t> best;  ///< of `trials`; the first of equals
  /// Stopped by the end of the budget. It is not in the folder, and would be the next one.
  std::optional<TuneTrial> unfinished;
  TuneStop stop = TuneStop::kTrials;

  [[nodiscard]] const MetricValue& value(const TuneTrial& trial) const {
    return trial.metrics.at(metric);
  }
};

/// `out` is the folder of the search, and `resume` goes on with the trials that it has.
struct TuneRequest : FitRequest {
  std::int64_t trials = 20;  ///< in all, those of an earlier search too; at most kMostTrials
  /// After which no trial begins, and one that learns by epochs is stopped.
  double budget_seconds = std::numeric_limits<double>::infinity();
  std::function<void(const TuneTrial&)> on_start = [](const TuneTrial&) {};
  std::function<void(const Tuning&)> on_trial = [](const Tuning&) {};  ///< the last one is new
};

inline constexpr std::string_view kTrialsFile = "trials.jsonl";
inline constexpr std::string_view kBestFile = "best.toml";

/// Fits with one point after the other on the training users and measures on the validation users;
/// the first point is the spec's own where that is in the space. The folder has after every trial
///
///   spec.toml     what is searched for, and the checksum of the data and their split
///   trials.jsonl  a line of JSON per finished trial
///   best.toml     the spec with the best values, to be fitted
///   report.html   plots and a table
///
/// and a search that goes on from there tries the same points as one that was not stopped. A fit
/// that fails for its options is a trial with a failure. kUsage where the folder holds something
/// else, or a search that is not to be resumed or was for something else; kBadData where its files
/// are damaged; kInterrupted, with the finished trials kept; kFailed when no trial gave a model.
Result<Tuning> tune_recommender(const TuneSpec& spec, const TuneRequest& request, ThreadPool& pool);

/// As a page with plots and a table.
std::string tuning_report(const Tuning& tuning);

}  // namespace bascule
