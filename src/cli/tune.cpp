#include <algorithm>
#include <filesystem>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bascule/recsys/tune.h>
#include <bascule/run/spec_source.h>

#include "cli/context.h"
#include "cli/table.h"
#include "cli/task.h"
#include "cli/tune_display.h"

namespace bascule::cli {
namespace {

struct Arguments {
  std::string spec, out, metric;
  std::vector<std::string> sets, ranges;
  std::int64_t trials = 0;       ///< 0: not given
  std::optional<double> budget;  ///< minutes
  bool resume = false;
};

Result<TuneSpec> read_spec(const Arguments& arguments, const Context& context) {
  std::vector<std::string> sets = arguments.sets;
  if (context.seed >= 0) sets.push_back(fmt::format("seed={}", context.seed));
  BASCULE_ASSIGN(Config config, load_spec(arguments.spec, sets));
  BASCULE_ASSIGN(const std::string task, task_of(config));
  if (task != "recommend")
    return Error{Code::kUsage,
                 fmt::format("{}: tune takes recommenders, this is to {}", arguments.spec, task)};
  if (!arguments.metric.empty()) config.put("tune.metric", {arguments.metric, "--metric"});
  return tune_spec(config, arguments.ranges);
}

/// Trials are limited by what was asked for, and where nothing was, to those of the default.
Status limit(const Arguments& arguments, const TuneSpec& spec, TuneRequest& request) {
  constexpr double kSecondsPerMinute = 60;
  if (arguments.budget) {
    if (!(*arguments.budget > 0))
      return {Code::kUsage, fmt::format("--budget {}: needs minutes, above 0", *arguments.budget)};
    request.budget_seconds = *arguments.budget * kSecondsPerMinute;
    request.trials = kMostTrials;
  }
  if (spec.trials) request.trials = *spec.trials;
  if (arguments.trials > 0) request.trials = arguments.trials;
  return {};
}

std::string why_it_ended(const Tuning& tuning) {
  switch (tuning.stop) {
    case TuneStop::kTrials:
      return "trials";
    case TuneStop::kBudget:
      return "budget";
    case TuneStop::kExhausted:
      return "exhausted";
  }
  return "";
}

nlohmann::ordered_json json_of(const Tuning& tuning, const std::string& out,
                               const std::string& device, const std::string& why) {
  using Json = nlohmann::ordered_json;
  const auto json = [&](const TuneTrial& trial) {
    return Json::parse(trial_json(trial, tuning.space));
  };
  Json trials = Json::array();
  for (const TuneTrial& trial : tuning.trials) trials.push_back(json(trial));
  Json unfinished;
  if (tuning.unfinished) {
    unfinished = json(*tuning.unfinished);
    unfinished["status"] = "unfinished";
  }
  return {
      {"out", out},
      {"device", device},
      {"why", why},
      {"data", tuning.path},
      {"model", tuning.model},
      {"metric", tuning.metric},
      {"users", tuning.users},
      {"items", tuning.items},
      {"interactions", tuning.interactions},
      {"split",
       {{"train", tuning.train_users}, {"valid", tuning.valid_users}, {"test", tuning.test_users}}},
      {"stop", why_it_ended(tuning)},
      {"resumed", tuning.resumed},
      {"best", json(tuning.trials[*tuning.best])},
      {"unfinished", unfinished},
      {"trials", trials}};
}

void print_best(const Tuning& tuning) {
  constexpr std::size_t kShown = 10;
  std::vector<const TuneTrial*> done;
  for (const TuneTrial& trial : tuning.trials)
    if (trial.failure.empty()) done.push_back(&trial);
  std::stable_sort(done.begin(), done.end(), [&](const TuneTrial* a, const TuneTrial* b) {
    return tuning.value(*a).value > tuning.value(*b).value;
  });
  const std::size_t failed = tuning.trials.size() - done.size();
  const std::size_t more = done.size() - std::min(done.size(), kShown);
  std::vector<Table::Column> columns = {{"trial", Table::Align::kRight},
                                        {tuning.metric, Table::Align::kRight}};
  for (const SearchRange& range : tuning.space)
    columns.push_back({range.key, Table::Align::kRight});
  columns.push_back({"fit", Table::Align::kRight});
  Table table(columns);
  for (std::size_t i = 0; i + more < done.size(); ++i) {
    const TuneTrial& trial = *done[i];
    std::vector<std::string> row = {fmt::format("{}", trial.number),
                                    metric_text(tuning.value(trial))};
    for (const ConfigValue& value : trial.point) row.push_back(terminal_safe(value.to_toml()));
    row.push_back(human_seconds(trial.fit_seconds));
    table.add(std::move(row));
  }
  fmt::print("{}", table.to_string());
  if (more > 0) fmt::print("and {} more\n", more);
  if (failed > 0) fmt::print("{} trials failed\n", failed);
}

void print_outcome(const Tuning& tuning, const std::string& out) {
  print_best(tuning);
  if (tuning.unfinished)
    fmt::print("trial {} was not finished within the budget and does not count ({})\n",
               tuning.unfinished->number,
               terminal_safe(point_text(tuning.unfinished->point, tuning.space)));
  if (tuning.stop == TuneStop::kExhausted) fmt::print("every combination was tried\n");
  fmt::print(
      "\n± is the 95 % confidence interval over the validation users, for whom the best was "
      "chosen: it flatters.\nThe {} test users had no part in it; they measure the best:\n"
      "  bascule fit {}/{} --out RUN && bascule evaluate RUN\n",
      with_commas(tuning.test_users), out, kBestFile);
}

Status tune(Arguments arguments, const Context& context) {
  TuneRequest request;
  BASCULE_ASSIGN(request.device, context.open_recommender_device());
  BASCULE_ASSIGN(const TuneSpec spec, read_spec(arguments, context));
  if (arguments.out.empty())
    arguments.out =
        fmt::format("runs/{}-tune", std::filesystem::path(arguments.spec).stem().string());
  BASCULE_ASSIGN(request.precision,
                 context.recommender_precision(spec.settings, request.device.get()));
  request.out = arguments.out;
  request.resume = arguments.resume;
  BASCULE_TRY(limit(arguments, spec, request));
  TuneDisplay display(context);
  display.watch(request);
  BASCULE_ASSIGN(const Tuning tuning, tune_recommender(spec, request, default_pool()));
  if (context.json) {
    print_json(json_of(tuning, arguments.out, device_name(request.device), context.why_device()));
  } else {
    print_outcome(tuning, arguments.out);
  }
  return {};
}

}  // namespace

void add_tune(CLI::App& app, Context& context) {
  CLI::App* verb =
      app.add_subcommand("tune", "search the options that serve the validation users best");
  auto arguments = std::make_shared<Arguments>();
  verb->add_option("SPEC", arguments->spec,
                   "TOML file or built-in spec; [tune.ranges] says what is searched")
      ->required();
  verb->add_option("--set", arguments->sets, "override a key: data.path=ratings.csv")
      ->type_name("KEY=VALUE");
  verb->add_option("--range", arguments->ranges,
                   "search a key: model.l2=1:1000:log, model.weighting=raw,bm25")
      ->type_name("KEY=VALUES")
      ->allow_extra_args(false);
  verb->add_option("--trials", arguments->trials,
                   "in all (default: 20, or with --budget as many as it allows)")
      ->check(CLI::Range(std::int64_t{1}, kMostTrials));
  verb->add_option("--budget", arguments->budget, "minutes after which no trial begins");
  verb->add_option("--metric", arguments->metric,
                   "to be as large as it can be (default: ndcg@100)");
  verb->add_option("--out", arguments->out, "folder of the search (default: runs/SPEC-tune)");
  verb->add_flag("--resume", arguments->resume, "go on with the trials that the folder has");
  verb->callback([arguments, &context] {
    context.action = [arguments, &context] { return tune(*arguments, context); };
  });
}

}  // namespace bascule::cli
