#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bascule/base/config.h>
#include <bascule/data/fetch.h>

#include "cli/context.h"
#include "cli/data_verbs.h"
#include "cli/progress.h"
#include "cli/table.h"

namespace bascule::cli {
namespace {

struct Options {
  std::string name;
  std::string to;
  std::string url;
};

Status fetch(const Options& options, const Context& context) {
  const KnownSet* known = known_set(options.name);
  if (known == nullptr) {
    std::vector<std::string> names;
    for (const KnownSet& set : known_sets()) names.emplace_back(set.name);
    const auto near = nearest_word(options.name, names);
    return {Code::kUsage, fmt::format("no set is called {}{}; bascule data list shows them",
                                      terminal_safe(options.name),
                                      near ? fmt::format(" (did you mean {}?)", *near) : "")};
  }
  KnownSet set = *known;
  if (!options.url.empty()) {
    if (set.files.size() != 1)
      return {Code::kUsage, fmt::format("--url: {} is not a single file", options.name)};
    set.files.front().url = options.url;
  }
  const std::string dir = options.to.empty() ? data_cache_dir() : options.to;
  if (dir.empty())
    return {Code::kUsage, "neither HOME nor XDG_CACHE_HOME is set; say where with --to"};
  Progress progress(options.name, "bytes", context.quiet);
  FetchOptions fetch_options;
  fetch_options.cancel = &interrupt_flag();
  fetch_options.progress = [&](std::int64_t done, std::int64_t total) {
    progress.update(done, total);
  };
  BASCULE_ASSIGN(const FetchedSet fetched, fetch_set(set, dir, fetch_options));
  if (context.json) {
    nlohmann::ordered_json files = nlohmann::ordered_json::array();
    for (const Fetched& file : fetched.files)
      files.push_back({{"path", file.path},
                       {"bytes", file.bytes},
                       {"checksum", file.checksum},
                       {"verified", file.verified}});
    print_json({{"name", set.name}, {"path", fetched.path}, {"files", files}});
    return {};
  }
  for (const Fetched& file : fetched.files)
    fmt::print("{} ({}) {} {}\n", file.path, human_bytes(static_cast<double>(file.bytes)),
               file.checksum, file.verified ? "verified" : "(no published checksum to compare)");
  fmt::print("{} is in {}\nTerms: {}\n", set.name, fetched.path, set.terms);
  return {};
}

}  // namespace

void add_data_fetch(CLI::App& data, Context& context) {
  CLI::App* verb = data.add_subcommand("fetch", "download a known set, verified and resumable");
  auto options = std::make_shared<Options>();
  verb->add_option("NAME", options->name, "as in bascule data list")->required();
  verb->add_option("--to", options->to, "folder that gets NAME/ (default: the user's cache)");
  verb->add_option("--url", options->url, "take the set's one file from this address (a mirror)");
  verb->callback([options, &context] {
    context.action = [options, &context] { return fetch(*options, context); };
  });
}

}  // namespace bascule::cli
