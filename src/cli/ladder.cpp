#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <bascule/base/file.h>
#include <bascule/recsys/ladder.h>
#include <bascule/recsys/spec.h>
#include <bascule/run/spec_source.h>

#include "cli/context.h"
#include "cli/epoch_display.h"
#include "cli/table.h"
#include "cli/task.h"

namespace bascule::cli {
namespace {

struct Arguments {
  std::string spec, csv, report;
  std::vector<std::string> sets;
  LadderOptions options;
  double memory = 0;  // GB
};

Result<Settings> settings_of(const Arguments& arguments, const Context& context) {
  std::vector<std::string> sets = arguments.sets;
  if (context.seed >= 0) sets.push_back(fmt::format("seed={}", context.seed));
  BASCULE_ASSIGN(const Config config, load_spec(arguments.spec, sets));
  BASCULE_ASSIGN(const std::string task, task_of(config));
  if (task != "recommend")
    return Error{Code::kUsage,
                 fmt::format("{}: ladder takes recommenders, this is to {}", arguments.spec, task)};
  return recommend_settings(config);
}

std::vector<std::string> cells(const LadderRung& rung) {
  const std::string published = rung.published ? fmt::format("{}×", *rung.published) : "";
  if (!rung.measured()) return {rung.name, "not measured", "", "", published, "", "", "", ""};
  return {rung.name,
          fmt::format("{:.1f}", rung.median),
          rung.over.empty() ? "" : fmt::format("{:.2f}×", rung.factor),
          fmt::format("{:.2f}×", rung.product),
          published,
          fmt::format("{:.2f} %", 100 * rung.waiting),
          fmt::format("{:.4f}", rung.loss),
          human_bytes(static_cast<double>(rung.planned_bytes)),
          rung.peak_memory > 0 ? human_bytes(static_cast<double>(rung.peak_memory)) : "unknown"};
}

void print_table(const Ladder& ladder) {
  std::vector<Table::Column> columns = {{"rung"}};
  for (const char* title : {"users/s", "factor", "product", "published", "waiting", "first loss",
                            "planned memory", "peak memory"})
    columns.push_back({title, Table::Align::kRight});
  Table table(columns);
  for (const LadderRung& rung : ladder.rungs) table.add(cells(rung));
  fmt::print("{}\n", table.to_string());
  for (const LadderRung& rung : ladder.rungs)
    if (!rung.measured()) fmt::print("{} is not measured: {}\n", rung.name, rung.skipped);
  fmt::print(
      "{} ({}) on {}{}: {} users to train on, {} items, batches of {}\n"
      "{}, {} threads, trained by {}; medians of {} turns of {} s; each rung keeps what those "
      "before it added\n"
      "published: a case study's factors, on its GPUs, model and data; {}× in all\n",
      ladder.model, fmt::join(ladder.widths, "-"), terminal_safe(ladder.path),
      ladder.synthetic ? " (synthetic)" : "", with_commas(ladder.train_users),
      with_commas(ladder.items), with_commas(ladder.batch_size),
      ladder.processor.empty() ? "unknown processor" : ladder.processor, ladder.threads,
      ladder.device, ladder.options.rounds, ladder.options.seconds, ladder.published_product);
}

nlohmann::ordered_json json_of(const LadderRung& rung) {
  nlohmann::ordered_json one = {{"name", rung.name},
                                {"what", rung.what},
                                {"published", nullptr},
                                {"measured", rung.measured()}};
  if (rung.published) one["published"] = *rung.published;
  if (!rung.measured()) {
    one["skipped"] = rung.skipped;
    return one;
  }
  const auto [least, most] =
      std::minmax_element(rung.users_per_second.begin(), rung.users_per_second.end());
  one["precision"] = precision_name(rung.precision);
  one["users_per_second"] = {
      {"min", *least}, {"median", rung.median}, {"max", *most}, {"rounds", rung.users_per_second}};
  one["over"] = nullptr;
  if (!rung.over.empty()) one["over"] = rung.over;
  one["factor"] = rung.factor;
  one["product"] = rung.product;
  one["waiting"] = rung.waiting;
  one["loss"] = rung.loss;
  one["steps"] = rung.steps;
  one["planned_bytes"] = rung.planned_bytes;
  one["peak_memory"] = rung.peak_memory;
  return one;
}

nlohmann::ordered_json json_of(const Ladder& ladder, const std::string& why) {
  nlohmann::ordered_json rungs = nlohmann::ordered_json::array();
  for (const LadderRung& rung : ladder.rungs) rungs.push_back(json_of(rung));
  return {{"data", ladder.path},
          {"synthetic", ladder.synthetic},
          {"device", ladder.device},
          {"why", why},
          {"processor", ladder.processor},
          {"threads", ladder.threads},
          {"model", ladder.model},
          {"widths", ladder.widths},
          {"users", ladder.users},
          {"items", ladder.items},
          {"interactions", ladder.interactions},
          {"train_users", ladder.train_users},
          {"batch_size", ladder.batch_size},
          {"rounds", ladder.options.rounds},
          {"seconds", ladder.options.seconds},
          {"published_product", ladder.published_product},
          {"rungs", rungs}};
}

Status ladder(const Arguments& arguments, const Context& context) {
  FitRequest request;
  BASCULE_ASSIGN(request.device, context.open_recommender_device());
  if (context.precision != "fp32")
    return {Code::kUsage, fmt::format("--precision {}: the ladder measures fp32 and bf16 both",
                                      context.precision)};
  BASCULE_ASSIGN(const Settings settings, settings_of(arguments, context));
  EpochDisplay display(context);
  display.watch(request);
  LadderOptions options = arguments.options;
  options.memory = static_cast<std::int64_t>(arguments.memory * 1e9);
  BASCULE_ASSIGN(const Ladder measured, measure_ladder(settings, request, options, default_pool()));
  if (!arguments.csv.empty()) BASCULE_TRY(write_atomically(arguments.csv, ladder_csv(measured)));
  if (!arguments.report.empty())
    BASCULE_TRY(write_atomically(arguments.report, ladder_report(measured)));
  if (context.json) {
    print_json(json_of(measured, context.why_device()));
  } else {
    print_table(measured);
  }
  return {};
}

}  // namespace

void add_ladder(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand(
      "ladder", "what each way of training Mult-VAE faster is worth on this machine");
  auto arguments = std::make_shared<Arguments>();
  verb->add_option("SPEC", arguments->spec, "TOML file or built-in spec: mult-vae or mult-dae")
      ->required();
  verb->add_option("--set", arguments->sets, "override a key of the spec: data.path=ratings.csv")
      ->type_name("KEY=VALUE");
  verb->add_option("--rounds", arguments->options.rounds, "turns of every rung")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  verb->add_option("--seconds", arguments->options.seconds, "timed training of a turn")
      ->check(CLI::Range(0.001, 3600.0))
      ->capture_default_str();
  verb->add_option("--memory", arguments->memory,
                   "the most that a rung may take, in GB (default: what is available)")
      ->check(CLI::Range(0.001, 1e6));
  verb->add_option("--csv", arguments->csv, "write the table to this file");
  verb->add_option("--report", arguments->report,
                   "write a page with a table and bars to this file");
  verb->callback([arguments, &context] {
    context.action = [arguments, &context] { return ladder(*arguments, context); };
  });
}

}  // namespace bascule::cli
