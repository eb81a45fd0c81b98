#include <CLI/CLI.hpp>

#include "cli/context.h"
#include "cli/data_verbs.h"

namespace bascule::cli {

void add_data(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("data", "known sets, inspection, download, synthetic sets");
  verb->require_subcommand(1);
  add_data_list(*verb, context);
  add_data_inspect(*verb, context);
  add_data_fetch(*verb, context);
  add_data_make(*verb, context);
}

}  // namespace bascule::cli
