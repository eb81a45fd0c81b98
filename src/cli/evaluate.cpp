#include <CLI/CLI.hpp>

#include "cli/context.h"
#include "cli/evaluate_verbs.h"
#include "cli/task.h"

namespace bascule::cli {
namespace {

Status evaluate(const EvaluateArguments& arguments, const Context& context) {
  BASCULE_ASSIGN(const std::string task, task_of_run(arguments.run));
  return task == "recommend" ? evaluate_recommend(arguments, context)
                             : evaluate_network(arguments, context);
}

}  // namespace

void add_evaluate(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("evaluate", "metrics of a run on held-out data");
  auto arguments = std::make_shared<EvaluateArguments>();
  verb->add_option("RUN", arguments->run, "run folder")->required();
  verb->add_option("--at", arguments->at, "cut-offs of a recommender's metrics: 20,50,100")
      ->delimiter(',')
      ->check(CLI::Range(1, 100000));
  verb->add_option(
          "--set", arguments->sets,
          "override a key of a recommender's [evaluate] (evaluate.split=random) or where a "
          "network's samples are (data.path=other)")
      ->type_name("KEY=VALUE");
  verb->callback([arguments, &context] {
    context.action = [arguments, &context] { return evaluate(*arguments, context); };
  });
}

}  // namespace bascule::cli
