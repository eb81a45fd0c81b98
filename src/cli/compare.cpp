#include <filesystem>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bascule/base/file.h>
#include <bascule/devices/device.h>
#include <bascule/recsys/compare.h>
#include <bascule/run/spec_source.h>

#include "cli/context.h"
#include "cli/epoch_display.h"
#include "cli/metrics_json.h"
#include "cli/table.h"
#include "cli/task.h"

namespace bascule::cli {
namespace {

struct Arguments {
  std::vector<std::string> specs, sets;
  std::string csv, report;
};

std::string small(double p) {
  constexpr double kLeast = 1e-4;
  return p < kLeast ? "< 0.0001" : fmt::format("{:.4f}", p);
}

Result<std::vector<NamedSettings>> all_models(const Arguments& arguments, const Context& context) {
  std::vector<std::string> sets = arguments.sets;
  if (context.seed >= 0) sets.push_back(fmt::format("seed={}", context.seed));
  std::vector<NamedSettings> models;
  for (const std::string& spec : arguments.specs) {
    BASCULE_ASSIGN(const Config config, load_spec(spec, sets));
    BASCULE_ASSIGN(const std::string task, task_of(config));
    if (task != "recommend")
      return Error{Code::kUsage,
                   fmt::format("{}: compare takes recommenders, this is to {}", spec, task)};
    BASCULE_ASSIGN(std::vector<NamedSettings> some,
                   models_of(config, std::filesystem::path(spec).stem().string()));
    for (NamedSettings& model : some) models.push_back(std::move(model));
  }
  return models;
}

void print_table(const Comparison& comparison, const std::string& device) {
  std::vector<Table::Column> columns = {{"model"}};
  for (const std::string& metric : comparison_metrics())
    columns.push_back({metric, Table::Align::kRight});
  for (const char* title : {"p", "fit", "users/s", "model", "peak memory"})
    columns.push_back({title, Table::Align::kRight});
  Table table(columns);
  for (std::size_t i = 0; i < comparison.models.size(); ++i) {
    const ComparedModel& model = comparison.models[i];
    std::vector<std::string> row = {(i == comparison.best ? "* " : "  ") +
                                    terminal_safe(model.name)};
    for (const std::string& metric : comparison_metrics()) {
      const MetricValue& m = model.evaluation.metrics.at(metric);
      row.push_back(m.ci95 ? fmt::format("{:.4f} ± {:.4f}", m.value, *m.ci95)
                           : fmt::format("{:.4f}", m.value));
    }
    row.insert(
        row.end(),
        {model.p_value ? small(*model.p_value) : "", human_seconds(model.fit_seconds),
         with_commas(static_cast<std::int64_t>(model.users_per_second())),
         human_bytes(static_cast<double>(model.bytes)),
         model.peak_memory > 0 ? human_bytes(static_cast<double>(model.peak_memory)) : "unknown"});
    table.add(std::move(row));
  }
  fmt::print(
      "{}\n* is the best by NDCG@100; p: that a model is as good as it (paired over {} users of "
      "the {} part); ± is the 95 % confidence interval; fitted on {} users on {}\n",
      table.to_string(), with_commas(comparison.models[comparison.best].evaluation.users),
      comparison.part, with_commas(comparison.train_users), device);
}

nlohmann::ordered_json json_of(const Comparison& comparison, const std::string& device,
                               const std::string& why) {
  nlohmann::ordered_json models = nlohmann::ordered_json::array();
  for (const ComparedModel& model : comparison.models) {
    nlohmann::ordered_json one = {
        {"name", model.name},
        {"type", model.type},
        {"metrics", metrics_json(model.evaluation)},
        {"p_value", nullptr},
        {"bytes", model.bytes},
        {"peak_memory", model.peak_memory},
        {"epochs", model.epochs},
        {"best_epoch", model.best_epoch},
        {"users_per_second", model.users_per_second()},
        {"seconds", {{"fit", model.fit_seconds}, {"evaluate", model.evaluation.seconds}}}};
    if (model.p_value) one["p_value"] = *model.p_value;
    models.push_back(std::move(one));
  }
  return {{"data", comparison.path},
          {"device", device},
          {"why", why},
          {"part", comparison.part},
          {"users", comparison.users},
          {"items", comparison.items},
          {"interactions", comparison.interactions},
          {"split",
           {{"train", comparison.train_users},
            {"valid", comparison.valid_users},
            {"test", comparison.test_users}}},
          {"best", comparison.models[comparison.best].name},
          {"models", models}};
}

Status compare(const Arguments& arguments, const Context& context) {
  FitRequest request;
  BASCULE_ASSIGN(request.device, context.open_recommender_device());
  const std::string device = device_name(request.device);
  BASCULE_ASSIGN(const std::vector<NamedSettings> models, all_models(arguments, context));
  BASCULE_ASSIGN(const CompileOptions compile,
                 context.compile_options(request.device != nullptr
                                             ? request.device->target()
                                             : make_cpu_device(default_pool())->target()));
  request.precision = compile.precision;
  EpochDisplay display(context);
  display.watch(request);
  BASCULE_ASSIGN(const Comparison comparison,
                 compare_recommenders(models, request, default_pool()));
  if (!arguments.csv.empty())
    BASCULE_TRY(write_atomically(arguments.csv, comparison_csv(comparison)));
  if (!arguments.report.empty())
    BASCULE_TRY(write_atomically(arguments.report, comparison_report(comparison)));
  if (context.json) {
    print_json(json_of(comparison, device, context.why_device()));
  } else {
    print_table(comparison, device);
  }
  return {};
}

}  // namespace

void add_compare(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("compare", "several recommenders on one split, in one table");
  auto arguments = std::make_shared<Arguments>();
  verb->add_option("SPEC", arguments->specs,
                   "TOML files or built-in specs; one may list several [[models]]")
      ->required();
  verb->add_option("--set", arguments->sets, "override a key of all specs: data.path=ratings.csv")
      ->type_name("KEY=VALUE");
  verb->add_option("--csv", arguments->csv, "write the table to this file");
  verb->add_option("--report", arguments->report, "write a page with tables and bars to this file");
  verb->callback([arguments, &context] {
    context.action = [arguments, &context] { return compare(*arguments, context); };
  });
}

}  // namespace bascule::cli
