#include <filesystem>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <bascule/run/spec_source.h>

#include "cli/context.h"
#include "cli/fit_verbs.h"
#include "cli/task.h"

namespace bascule::cli {
namespace {

Status fit(FitArguments arguments, const Context& context) {
  if (context.seed >= 0) arguments.sets.push_back(fmt::format("seed={}", context.seed));
  if (arguments.out.empty())
    arguments.out = "runs/" + std::filesystem::path(arguments.spec).stem().string();
  BASCULE_ASSIGN(const Config config, load_spec(arguments.spec, arguments.sets));
  BASCULE_ASSIGN(const std::string task, task_of(config));
  return task == "recommend" ? fit_recommend(arguments, config, context)
                             : fit_network(arguments, config, context);
}

}  // namespace

void add_fit(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("fit", "train a model from a spec and write a run folder");
  auto arguments = std::make_shared<FitArguments>();
  verb->add_option("SPEC", arguments->spec,
                   "TOML file or built-in spec (bookcrossing-knn, fashion-mlp)")
      ->required();
  verb->add_option("--set", arguments->sets, "override a key: data.path=ratings.csv")
      ->type_name("KEY=VALUE");
  verb->add_option("--out", arguments->out, "run folder (default: runs/SPEC)");
  verb->add_flag("--resume", arguments->resume, "continue an interrupted fit");
  verb->callback([arguments, &context] {
    context.action = [arguments, &context] { return fit(*arguments, context); };
  });
}

}  // namespace bascule::cli
