#include <filesystem>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bascule/recsys/spec.h>
#include <bascule/recsys/training.h>
#include <bascule/run/spec_source.h>

#include "cli/context.h"
#include "cli/table.h"

namespace bascule::cli {
namespace {

struct Options {
  std::string spec;
  std::vector<std::string> sets;
  std::string out;
  bool resume = false;
};

Status fit(const Options& options, const Context& context) {
  BASCULE_ASSIGN(const std::string device, context.resolve_device());
  if (options.resume)
    return {Code::kUsage, "--resume: the neighbour models are fitted in one step; fit again"};
  std::vector<std::string> sets = options.sets;
  if (context.seed >= 0) sets.push_back(fmt::format("seed={}", context.seed));
  BASCULE_ASSIGN(const Config config, load_spec(options.spec, sets));
  BASCULE_ASSIGN(const Settings settings, Settings::resolve(config, recommend_schema()));

  FitRequest request;
  request.out = options.out.empty() ? "runs/" + std::filesystem::path(options.spec).stem().string()
                                    : options.out;
  request.data_dirs = context.search_dirs();
  request.log = [&](const std::string& line) { context.log(line); };
  request.interrupted = [] { return interrupt_flag().load(); };
  BASCULE_ASSIGN(const FitOutcome outcome, fit_recommender(settings, request, default_pool()));

  if (context.json) {
    print_json({{"run", outcome.run},
                {"device", device},
                {"epochs", 0},
                {"users", outcome.users},
                {"items", outcome.items},
                {"interactions", outcome.interactions},
                {"metrics", outcome.metrics},
                {"seconds", seconds_json(outcome.times)}});
    return {};
  }
  Table table({{"stage"}, {"time", Table::Align::kRight}});
  for (const auto& [stage, seconds] : outcome.times) table.add({stage, human_seconds(seconds)});
  fmt::print("{}\n{} users × {} items, {} interactions on {}; run written to {}\n",
             table.to_string(), with_commas(outcome.users), with_commas(outcome.items),
             with_commas(outcome.interactions), device, outcome.run);
  return {};
}

}  // namespace

void add_fit(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("fit", "train a model from a spec and write a run folder");
  auto options = std::make_shared<Options>();
  verb->add_option("SPEC", options->spec, "TOML file or built-in spec (bookcrossing-knn)")
      ->required();
  verb->add_option("--set", options->sets, "override a key: data.path=ratings.csv")
      ->type_name("KEY=VALUE");
  verb->add_option("--out", options->out, "run folder (default: runs/SPEC)");
  verb->add_flag("--resume", options->resume, "continue an interrupted fit");
  verb->callback([options, &context] {
    context.action = [options, &context] { return fit(*options, context); };
  });
}

}  // namespace bascule::cli
