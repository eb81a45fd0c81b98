#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bascule/data/catalogue.h>

#include "cli/context.h"
#include "cli/data_verbs.h"
#include "cli/table.h"

namespace bascule::cli {
namespace {

Status list_sets(const Context& context) {
  nlohmann::ordered_json sets = nlohmann::ordered_json::array();
  Table table({{"name"},
               {"what"},
               {"users", Table::Align::kRight},
               {"items", Table::Align::kRight},
               {"rows", Table::Align::kRight},
               {"here"},
               {"from"}});
  for (const KnownSet& set : known_sets()) {
    const Result<std::string> found = find_set(std::string(set.name), context.search_dirs());
    const bool here = found.ok();
    if (context.json) {
      nlohmann::ordered_json files = nlohmann::ordered_json::array();
      for (const SetFile& file : set.files)
        files.push_back({{"url", file.url}, {"bytes", file.bytes}, {"checksum", file.checksum}});
      sets.push_back({{"name", set.name},
                      {"task", set.task},
                      {"what", set.what},
                      {"users", set.users},
                      {"items", set.items},
                      {"rows", set.rows},
                      {"origin", set.origin},
                      {"terms", set.terms},
                      {"files", files},
                      {"note", set.note},
                      {"path", nullptr}});
      if (here) sets.back()["path"] = *found;
    } else {
      table.add({std::string(set.name), std::string(set.what),
                 set.users > 0 ? with_commas(set.users) : "", with_commas(set.items),
                 with_commas(set.rows), here ? "yes" : "", std::string(set.origin)});
    }
  }
  if (context.json) {
    print_json({{"sets", sets}});
  } else {
    fmt::print(
        "{}\nbascule data fetch NAME downloads a set; data make writes a synthetic one.\n"
        "Terms of use differ from set to set: bascule data list --json has them.\n",
        table.to_string());
  }
  return {};
}

}  // namespace

void add_data_list(CLI::App& data, Context& context) {
  CLI::App* verb = data.add_subcommand("list", "the sets known by name, and where they come from");
  verb->callback([&context] { context.action = [&context] { return list_sets(context); }; });
}

}  // namespace bascule::cli
