#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bascule/devices/device.h>
#include <bascule/recsys/evaluate_split.h>
#include <bascule/recsys/saved_run.h>

#include "cli/evaluate_verbs.h"
#include "cli/metrics_json.h"
#include "cli/open_run.h"
#include "cli/table.h"

namespace bascule::cli {
namespace {

/// The run's settings with the [evaluate] keys and the seed that the command line gives.
Result<Settings> settings_for(const SavedRun& run, const EvaluateArguments& arguments,
                              const Context& context) {
  BASCULE_ASSIGN(Config config, Config::parse(run.settings().to_toml(), "spec.toml"));
  for (const std::string& set : arguments.sets) {
    if (!set.starts_with("evaluate."))
      return Error{Code::kUsage,
                   fmt::format("--set {}: evaluate takes only evaluate.* keys; fit again", set)};
    BASCULE_TRY(config.set(set));
  }
  if (context.seed >= 0) BASCULE_TRY(config.set(fmt::format("seed={}", context.seed)));
  return Settings::resolve(config, run.settings().schema());
}

/// A model that was trained on one split has seen the held-out users of another.
Status require_same_split(const SavedRun& run, const Settings& settings) {
  for (const char* key : {"evaluate.split", "evaluate.heldout", "evaluate.fraction",
                          "evaluate.min_interactions", "seed"}) {
    const std::string ours = settings.find(key)->to_toml();
    const std::string trained = run.settings().find(key)->to_toml();
    if (ours != trained)
      return {Code::kUsage,
              fmt::format("{} = {}: {} was trained with {}, on the users that this split leaves; "
                          "fit again",
                          key, ours, run.model().type(), trained)};
  }
  return {};
}

}  // namespace

Status evaluate_recommend(const EvaluateArguments& arguments, const Context& context) {
  BASCULE_ASSIGN(const std::shared_ptr<Device> gpu, context.open_recommender_device());
  const std::string device = device_name(gpu);
  BASCULE_ASSIGN(SavedRun run, open_run(arguments.run, context));
  const bool trained = run.model().learns_by_epochs();
  // What is fitted anew uses the GPU instead.
  if (trained && gpu != nullptr) {
    BASCULE_ASSIGN(run, open_run(arguments.run, context, gpu));
  }
  BASCULE_ASSIGN(const Settings settings, settings_for(run, arguments, context));
  std::vector<std::int32_t> at = arguments.at;
  if (at.empty()) {
    for (const std::int64_t k : settings.integers("evaluate.at"))
      at.push_back(static_cast<std::int32_t>(k));
  }
  if (trained) {
    BASCULE_TRY(require_same_split(run, settings));
  } else {
    context.log(fmt::format(
        "{} was fitted on all rows; refitting it on the training part of the {} split (seed {})",
        run.model().type(), settings.text("evaluate.split"), settings.integer("seed")));
  }
  const StoredInteractions& stored = run.interactions();
  BASCULE_ASSIGN(const SplitEvaluation result,
                 evaluate_on_split(settings, CsrMatrix(copy(stored.matrix)), stored.time, at,
                                   trained ? &run.model() : nullptr, default_pool(), gpu));
  const Evaluation& evaluation = result.evaluation;
  if (context.json) {
    print_json({{"metrics", metrics_json(evaluation)},
                {"users", evaluation.users},
                {"device", device},
                {"why", context.why_device()},
                {"split", settings.text("evaluate.split")},
                {"part", settings.text("evaluate.part")},
                {"seed", settings.integer("seed")},
                {"refitted", !trained},
                {"train_users", result.train_users},
                {"seconds", {{"fit", result.fit_seconds}, {"evaluate", evaluation.seconds}}}});
    return {};
  }
  std::vector<Table::Column> columns = {{"metric"}};
  for (const std::int32_t k : at) columns.push_back({fmt::format("@{}", k), Table::Align::kRight});
  Table table(columns);
  for (const MetricInfo& info : known_metrics()) {
    std::vector<std::string> cells = {std::string(info.name)};
    for (const std::int32_t k : at) {
      const MetricValue& m = evaluation.metrics.at(Metric{&info, k}.name());
      cells.push_back(m.ci95 ? fmt::format("{:.4f} ± {:.4f}", m.value, *m.ci95)
                             : fmt::format("{:.4f}", m.value));
    }
    table.add(std::move(cells));
  }
  fmt::print(
      "{}\n± is the 95 % confidence interval over {} users of the {} part; fitted on {} users{}, "
      "evaluated in {} on {}\n",
      table.to_string(), with_commas(evaluation.users), settings.text("evaluate.part"),
      with_commas(result.train_users),
      trained ? "" : fmt::format(" in {}", human_seconds(result.fit_seconds)),
      human_seconds(evaluation.seconds), device);
  return {};
}

}  // namespace bascule::cli
