#include <filesystem>

#include <CLI/CLI.hpp>

#include <bascule/run/run_folder.h>
#include <bascule/run/spec_source.h>

#include "cli/context.h"
#include "cli/summary_verbs.h"
#include "cli/task.h"

namespace bascule::cli {
namespace {

Status verify_files(const std::string& path, const Context& context) {
  constexpr std::string_view kNeeded[] = {kSpecFile};
  BASCULE_ASSIGN(const Run files, Run::open(path, kNeeded));
  BASCULE_TRY(files.verify());
  context.log("every file has its recorded checksum");
  return {};
}

Result<std::string> task_of_target(const SummaryArguments& arguments) {
  if (arguments.is_run) return task_of_run(arguments.target);
  BASCULE_ASSIGN(const Config config, load_spec(arguments.target, arguments.sets));
  return task_of(config);
}

Status summary(SummaryArguments arguments, bool verify, const Context& context) {
  std::error_code ignored;
  arguments.is_run = std::filesystem::is_directory(arguments.target, ignored);
  if (arguments.is_run && !arguments.sets.empty())
    return {Code::kUsage, "--set: a run is what it is; give a spec instead"};
  if (!arguments.is_run && verify) return {Code::kUsage, "--verify needs a run folder"};
  BASCULE_ASSIGN(const std::string task, task_of_target(arguments));
  if (verify) BASCULE_TRY(verify_files(arguments.target, context));
  return task == "recommend" ? summarise_recommend(arguments, context)
                             : summarise_network(arguments, context);
}

}  // namespace

void add_summary(CLI::App& app, Context& context) {
  CLI::App* verb =
      app.add_subcommand("summary", "parts, sizes and costs of a spec's or run's model");
  auto arguments = std::make_shared<SummaryArguments>();
  auto verify = std::make_shared<bool>(false);
  verb->add_option("SPEC|RUN", arguments->target, "spec (its data are read) or run folder")
      ->required();
  verb->add_option("--set", arguments->sets, "override a key of the spec")->type_name("KEY=VALUE");
  verb->add_flag("--explain", arguments->explain,
                 "what each pass did to the training step, and its kernels");
  verb->add_flag("--verify", *verify, "compare every file of the run with its checksum");
  verb->callback([arguments, verify, &context] {
    context.action = [arguments, verify, &context] {
      return summary(*arguments, *verify, context);
    };
  });
}

}  // namespace bascule::cli
