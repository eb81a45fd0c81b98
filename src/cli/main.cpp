#include <clocale>
#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <bascule/base/config.h>
#include <bascule/base/threads.h>
#include <bascule/run/spec_source.h>

#include "cli/context.h"
#include "cli/table.h"

namespace bascule::cli {
namespace {

std::string version_line() {
  return fmt::format("bascule {} ({})", version(), git_commit());
}

/// CLI11 says only that a verb is required when the word in its place is none.
int refuse(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_name() == "RequiredError" && !app.remaining().empty()) {
    std::vector<std::string> verbs;
    for (const CLI::App* verb : app.get_subcommands({})) verbs.push_back(verb->get_name());
    const std::string word = app.remaining().front();
    const auto near = nearest_word(word, verbs);
    fmt::print(stderr, "bascule: {} is no verb{}; bascule --help lists them\n", terminal_safe(word),
               near ? fmt::format(" (did you mean {}?)", *near) : "");
    return static_cast<int>(Code::kUsage);
  }
  return app.exit(error) == 0 ? 0 : static_cast<int>(Code::kUsage);
}

int run(int argc, char** argv) {
  Context context;
  CLI::App app(
      "Trains, evaluates and serves recommenders and networks, and says which device should do "
      "it.\n"
      "Exit codes: 0 done, 1 failed, 2 usage or bad spec, 3 bad data, 4 no such device,\n"
      "130 interrupted.",
      "bascule");
  app.require_subcommand(1);
  app.fallthrough();  // global options may follow the verb
  app.set_version_flag("--version", version_line());
  app.add_option("--device", context.device, "auto, cpu, cuda or cuda:N")
      ->check(CLI::Validator(
          [](std::string& name) {
            const bool known = name == "auto" || name == "cpu" || name == "cuda" ||
                               (name.starts_with("cuda:") && name.size() > 5 && name.size() < 9 &&
                                name.find_first_not_of("0123456789", 5) == std::string::npos);
            return known ? std::string() : name + " is none of auto, cpu, cuda and cuda:N";
          },
          "DEVICE"));
  app.add_option("--threads", context.threads, "threads to use (default: all processors)")
      ->check(CLI::Range(1, 1024));
  app.add_option("--seed", context.seed, "overrides the spec's seed")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 50));
  app.add_option("--precision", context.precision, "fp32, bf16 or fp16")
      ->check(CLI::IsMember({"fp32", "bf16", "fp16"}));
  app.add_flag("!--no-cuda-graphs", context.record_steps,
               "on a GPU every kernel is launched for itself, not the steps as CUDA graphs");
  app.add_option("--data", context.data_options, "folder with data sets, before $BASCULE_DATA");
  app.add_flag("--json", context.json, "results as one JSON document on stdout");
  app.add_flag("--quiet", context.quiet, "no progress on stderr");

  add_fit(app, context);
  add_recommend(app, context);
  add_evaluate(app, context);
  add_compare(app, context);
  add_tune(app, context);
  add_ladder(app, context);
  add_predict(app, context);
  add_summary(app, context);
  add_data(app, context);
  add_devices(app, context);
  add_completion(app, context);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return refuse(app, error);
  }
  set_default_threads(context.threads);
  watch_interrupts();
  const Status status = context.action();
  if (status.ok()) return std::fflush(stdout) == 0 ? 0 : static_cast<int>(Code::kFailed);
  fmt::print(stderr, "bascule: {}\n", terminal_safe(status.error().message));
  return static_cast<int>(status.error().code);
}

}  // namespace
}  // namespace bascule::cli

int main(int argc, char** argv) {
  try {
    return bascule::cli::run(argc, argv);
  } catch (const std::bad_alloc&) {
    std::fputs("bascule: out of memory\n", stderr);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bascule: internal error: %s\n", error.what());
  }
  return 1;
}
