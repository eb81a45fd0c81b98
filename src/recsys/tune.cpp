// Trial after trial.
#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include <bascule/base/cpu_info.h>
#include <bascule/base/timer.h>
#include <bascule/devices/device.h>
#include <bascule/recsys/compare.h>
#include <bascule/recsys/evaluate_split.h>
#include <bascule/recsys/item_gram.h>
#include <bascule/recsys/spec.h>
#include <bascule/recsys/tune.h>
#include <bascule/run/run_folder.h>

#include "recsys/checksum.h"
#include "recsys/run_files.h"
#include "recsys/split_fit.h"
#include "recsys/tune_folder.h"

namespace bascule {
namespace {

/// All that must stay as it is while a search goes on.
std::string lasting_spec(const TuneSpec& spec, const Settings& settings, const Split& split,
                         Precision precision) {
  std::string text = settings.to_toml();
  text += fmt::format(
      "\n[tune]\nmetric = \"{}\"\ndata = \"{:08x}\"\nprecision = \"{}\"\n\n[tune.ranges]\n",
      spec.metric, checksum({split.train.view(), split.valid_in.view(), split.valid_out.view()}),
      precision_name(precision));
  for (const SearchRange& range : spec.space)
    text += fmt::format("\"{}\" = {}\n", range.key, range.to_toml());
  return text;
}

/// The one to be large, then those of every comparison.
Result<std::vector<Metric>> trial_metrics(const std::string& objective) {
  std::vector<std::string> names = comparison_metrics();
  if (std::find(names.begin(), names.end(), objective) == names.end()) names.push_back(objective);
  std::vector<Metric> metrics;
  for (const std::string& name : names) {
    BASCULE_ASSIGN(const Metric metric, parse_metric(name));
    metrics.push_back(metric);
  }
  return metrics;
}

/// Fits models on one training part. Of those that are made of it, the Gram matrix is made once.
class Fitter {
 public:
  Fitter(const Split& split, ThreadPool& pool) : split_(split), pool_(pool) {}

  Result<EpochCount> fit(Recommender& model, const FitRequest& request) {
    BASCULE_TRY(check_fit_memory(model, split_.train.view(), request.device.get()));
    GramLearner* learner = model.gram_learner();
    if (learner == nullptr || !keeps_gram(model))
      return fit_on_split(model, split_, request, pool_);
    if (!gram_) {
      BASCULE_ASSIGN(gram_, ItemGram::make(split_.train.view(), pool_));
    }
    BASCULE_ASSIGN(ItemGram gram, gram_->copy(pool_));
    StageTimes times;
    BASCULE_TRY(learner->fit_gram(std::move(gram), pool_, times));
    return EpochCount{};
  }

 private:
  /// There has to be room for it beside the model.
  [[nodiscard]] bool keeps_gram(const Recommender& model) const {
    return gram_ || model.fit_bytes(split_.train.view()) <= cpu_info().memory_available / 2;
  }

  const Split& split_;
  ThreadPool& pool_;
  std::optional<ItemGram> gram_;
};

class Tuner {
 public:
  Tuner(const TuneSpec& spec, const TuneRequest& request, Settings settings, const Split& split,
        std::vector<Metric> metrics, const detail::TuneFolder& folder, ThreadPool& pool)
      : spec_(spec),
        request_(request),
        settings_(std::move(settings)),
        split_(split),
        metrics_(std::move(metrics)),
        folder_(folder),
        pool_(pool),
        fitter_(split, pool) {}

  Status run(const Stopwatch& watch, Tuning& tuning) {
    while (std::ssize(tuning.trials) < request_.trials) {
      if (request_.interrupted()) return interrupted(tuning);
      if (watch.seconds() >= request_.budget_seconds) return end(TuneStop::kBudget, tuning);
      const std::optional<SearchPoint> point = next(tuning);
      if (!point) return end(TuneStop::kExhausted, tuning);
      TuneTrial trial;
      trial.number = std::ssize(tuning.trials) + 1;
      trial.point = *point;
      request_.on_start(trial);
      Status status = fit_and_measure(watch, trial);
      if (!status.ok()) {
        const Error& error = status.error();
        if (error.code == Code::kInterrupted) {
          if (request_.interrupted()) return interrupted(tuning);
          tuning.unfinished = trial;
          return end(TuneStop::kBudget, tuning);
        }
        // Options may be too much for data or memory; anything else is no fault of theirs.
        if (error.code != Code::kFailed && error.code != Code::kUsage) return status;
        // Nor is a device that has failed: it does nothing more.
        if (request_.device != nullptr) BASCULE_TRY(request_.device->synchronize());
        trial.metrics.clear();
        trial.failure = error.message;
      }
      BASCULE_TRY(folder_.add(trial_json(trial, spec_.space)));
      add(std::move(trial), tuning);
      BASCULE_TRY(publish(tuning));
      request_.on_trial(tuning);
    }
    return end(TuneStop::kTrials, tuning);
  }

  /// A trial that is finished.
  void add(TuneTrial trial, Tuning& tuning) const {
    if (trial.failure.empty() &&
        (!tuning.best ||
         tuning.value(trial).value > tuning.value(tuning.trials[*tuning.best]).value))
      tuning.best = tuning.trials.size();
    tuning.trials.push_back(std::move(trial));
  }

  /// All that follows from the trials.
  [[nodiscard]] Status publish(const Tuning& tuning) const {
    if (tuning.best) {
      const TuneTrial& best = tuning.trials[*tuning.best];
      BASCULE_TRY(folder_.write(
          kBestFile,
          fmt::format("# Trial {} of a search: {} {:.4f} on the validation users.\n{}", best.number,
                      tuning.metric, tuning.value(best).value, with_point(best.point).to_toml())));
    }
    return folder_.write(kReportFile, tuning_report(tuning));
  }

 private:
  Status end(TuneStop stop, Tuning& tuning) const {
    tuning.stop = stop;
    if (tuning.unfinished) BASCULE_TRY(publish(tuning));
    if (tuning.best) return {};
    if (tuning.trials.empty())
      return {Code::kFailed, "the budget was over before the first trial was finished"};
    return {Code::kFailed, fmt::format("none of {} trials gave a model; the first: {}",
                                       tuning.trials.size(), tuning.trials.front().failure)};
  }

  [[nodiscard]] Error interrupted(const Tuning& tuning) const {
    return {Code::kInterrupted,
            request_.out.empty()
                ? "interrupted; nothing was written"
                : fmt::format("interrupted after {} trials; {} has them, and --resume goes on",
                              tuning.trials.size(), request_.out)};
  }

  [[nodiscard]] std::optional<SearchPoint> next(const Tuning& tuning) const {
    if (tuning.trials.empty()) {
      if (auto own = own_point()) return own;
    }
    std::vector<TriedPoint> tried;
    for (const TuneTrial& trial : tuning.trials) {
      tried.push_back({trial.point, std::nullopt});
      if (trial.failure.empty()) tried.back().value = tuning.value(trial).value;
    }
    return next_point(spec_.space, tried, static_cast<std::uint64_t>(settings_.integer("seed")));
  }

  /// The spec's, where it is in the space.
  [[nodiscard]] std::optional<SearchPoint> own_point() const {
    SearchPoint point;
    for (const SearchRange& range : spec_.space) {
      const ConfigValue* value = settings_.find(range.key);
      if (value == nullptr || !range.place_of(*value)) return std::nullopt;
      point.push_back(*value);
    }
    return point;
  }

  [[nodiscard]] Settings with_point(const SearchPoint& point) const {
    Settings settings = settings_;
    for (std::size_t i = 0; i < point.size(); ++i) settings.put(spec_.space[i].key, point[i]);
    return settings;
  }

  /// kInterrupted where the user or the budget stopped it.
  Status fit_and_measure(const Stopwatch& watch, TuneTrial& trial) {
    const Settings settings = with_point(trial.point);
    const std::unique_ptr<Recommender> model = make_recommender(settings, request_.precision);
    if (request_.device != nullptr) BASCULE_TRY(model->use_device(request_.device));
    FitRequest request = request_;
    request.on_epoch = [&](const nn::History& history) {
      trial.epochs = std::ssize(history);
      request_.on_epoch(history);
    };
    request.interrupted = [&] {
      return request_.interrupted() || watch.seconds() >= request_.budget_seconds;
    };
    Stopwatch stage;
    BASCULE_ASSIGN(const EpochCount epochs, fitter_.fit(*model, request));
    trial.fit_seconds = stage.restart();
    trial.epochs = epochs.done;
    trial.best_epoch = epochs.best;
    if (request_.interrupted()) return {Code::kInterrupted, "interrupted"};
    BASCULE_ASSIGN(const Evaluation evaluation,
                   evaluate_part(*model, split_, "valid", metrics_, settings, pool_));
    trial.evaluate_seconds = stage.seconds();
    trial.metrics = evaluation.metrics;
    for (const auto& [name, metric] : trial.metrics)
      if (!std::isfinite(metric.value))
        return {Code::kFailed, fmt::format("{} is {}", name, metric.value)};
    return {};
  }

  const TuneSpec& spec_;
  const TuneRequest& request_;
  Settings settings_;
  const Split& split_;
  std::vector<Metric> metrics_;
  const detail::TuneFolder& folder_;
  ThreadPool& pool_;
  Fitter fitter_;
};

Status check(const TuneRequest& request) {
  if (request.trials < 1 || request.trials > kMostTrials)
    return {Code::kUsage, fmt::format("{} trials are not 1 to {}", request.trials, kMostTrials)};
  if (!(request.budget_seconds > 0)) return {Code::kUsage, "the budget is not above 0"};
  return {};
}

}  // namespace

Result<Tuning> tune_recommender(const TuneSpec& spec, const TuneRequest& request,
                                ThreadPool& pool) {
  const Stopwatch watch;
  BASCULE_TRY(check(request));
  if (request.device != nullptr)
    BASCULE_TRY(make_recommender(spec.settings)->use_device(request.device));
  BASCULE_ASSIGN(std::vector<Metric> metrics, trial_metrics(spec.metric));
  BASCULE_ASSIGN(const SplitData data, load_split(spec.settings, request, pool));
  if (data.split.valid_out.rows() == 0)
    return Error{Code::kBadData,
                 fmt::format("{}: the split leaves no users to validate on", data.path)};
  const Settings settings = resolved_settings(spec.settings, data.path);
  BASCULE_ASSIGN(
      detail::TuneFolder folder,
      detail::TuneFolder::open(request.out, request.resume,
                               lasting_spec(spec, settings, data.split, request.precision),
                               spec.space, spec.metric));
  Tuning tuning;
  tuning.path = data.path;
  tuning.model = settings.text("model.type");
  tuning.metric = spec.metric;
  tuning.space = spec.space;
  tuning.users = data.users;
  tuning.items = data.items;
  tuning.interactions = data.interactions;
  tuning.train_users = data.split.train.rows();
  tuning.valid_users = data.split.valid_in.rows();
  tuning.test_users = data.split.test_in.rows();
  Tuner tuner(spec, request, settings, data.split, std::move(metrics), folder, pool);
  for (TuneTrial& trial : folder.take_trials()) tuner.add(std::move(trial), tuning);
  tuning.resumed = std::ssize(tuning.trials);
  // A crash may have come between a trial and what follows from it.
  if (tuning.resumed > 0) BASCULE_TRY(tuner.publish(tuning));
  BASCULE_TRY(tuner.run(watch, tuning));
  return tuning;
}

}  // namespace bascule
