#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bascule/base/threads.h>
#include <bascule/data/synthetic.h>

#include "cli/context.h"
#include "cli/data_verbs.h"
#include "cli/progress.h"
#include "cli/table.h"

namespace bascule::cli {
namespace {

struct Options {
  std::string folder;
  std::string like, layout = "csv";
  std::optional<std::int64_t> users, items, ratings;
};

Status make(const Options& options, const Context& context) {
  SyntheticOptions synthetic;
  if (!options.like.empty()) {
    if (options.users || options.items || options.ratings)
      return {Code::kUsage, "--like fixes the sizes; leave out --users, --items and --ratings"};
    BASCULE_ASSIGN(synthetic, synthetic_preset(options.like));
  } else {
    BASCULE_ASSIGN(synthetic, synthetic_layout(options.layout));
    synthetic.users = options.users.value_or(synthetic.users);
    synthetic.items = options.items.value_or(synthetic.items);
    synthetic.ratings = options.ratings.value_or(synthetic.ratings);
  }
  if (context.seed >= 0) synthetic.seed = static_cast<std::uint64_t>(context.seed);
  Progress progress("writing", "rows", context.quiet);
  synthetic.progress = [&](std::int64_t done, std::int64_t total) { progress.update(done, total); };
  synthetic.cancel = &interrupt_flag();
  const Stopwatch watch;
  BASCULE_ASSIGN(const SyntheticReport report,
                 make_synthetic(synthetic, options.folder, default_pool()));
  if (context.json) {
    print_json({{"path", options.folder},
                {"synthetic", true},
                {"seed", synthetic.seed},
                {"rows", report.rows},
                {"users", report.users},
                {"items", report.items},
                {"files", report.files},
                {"seconds", watch.seconds()}});
    return {};
  }
  fmt::print("{}: {} synthetic ratings of {} users and {} items (seed {}) in {}\n", options.folder,
             with_commas(report.rows), with_commas(report.users), with_commas(report.items),
             synthetic.seed, human_seconds(watch.seconds()));
  return {};
}

}  // namespace

void add_data_make(CLI::App& data, Context& context) {
  CLI::App* verb = data.add_subcommand(
      "make", "write synthetic ratings with power-law popularity and latent taste (--seed)");
  auto options = std::make_shared<Options>();
  verb->add_option("NAME", options->folder, "folder to write")->required();
  verb->add_option("--like", options->like, "the exact sizes and layout of a full set")
      ->check(CLI::IsMember({"bookcrossing", "ml-20m", "netflix"}));
  verb->add_option("--layout", options->layout, "which files to write")
      ->check(CLI::IsMember({"csv", "bookcrossing", "movielens", "netflix"}))
      ->capture_default_str();
  const auto count = CLI::Range(std::int64_t{1}, std::int64_t{1} << 40);
  verb->add_option("--users", options->users, "how many users")->check(count);
  verb->add_option("--items", options->items, "how many rated items")->check(count);
  verb->add_option("--ratings", options->ratings, "how many distinct (user, item) pairs")
      ->check(count);
  verb->callback([options, &context] {
    context.action = [options, &context] { return make(*options, context); };
  });
}

}  // namespace bascule::cli
