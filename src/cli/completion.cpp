#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/context.h"

namespace bascule::cli {
namespace {

std::string option_words(const CLI::App& command) {
  std::string text;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) text += "--" + name + ' ';
  }
  return text;
}

/// Words that may follow `bascule`, or `bascule VERB`, as a bash completion that asks for nothing
/// at completion time.
std::string bash_completion(const CLI::App& app) {
  const auto words = [](const CLI::App& command) {
    std::string text;
    std::vector<const CLI::App*> holders = {&command};
    for (const CLI::App* sub : command.get_subcommands({})) {
      if (sub->get_name().empty())
        holders.push_back(sub);  // a group of options
      else
        text += sub->get_name() + ' ';
    }
    for (const CLI::App* holder : holders) text += option_words(*holder);
    return text;
  };
  std::string cases;
  for (const CLI::App* verb : app.get_subcommands({}))
    cases += fmt::format("    {}) words=\"{}$globals\" ;;\n", verb->get_name(), words(*verb));
  return fmt::format(
      "_bascule() {{\n"
      "  local current=\"${{COMP_WORDS[COMP_CWORD]}}\" words globals=\"{}\"\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then words=\"{}\"; else case \"${{COMP_WORDS[1]}}\" in\n"
      "{}"
      "    *) words=\"$globals\" ;;\n"
      "  esac; fi\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "  [ ${{#COMPREPLY[@]}} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$current\"))\n"
      "}}\n"
      "complete -F _bascule bascule\n",
      option_words(app), words(app), cases);
}

}  // namespace

void add_completion(CLI::App& app, Context& context) {
  CLI::App* verb =
      app.add_subcommand("completion", "print completion for bash: source <(bascule completion)");
  verb->callback([&app, &context] {
    context.action = [&app] {
      fmt::print("{}", bash_completion(app));
      return Status();
    };
  });
}

}  // namespace bascule::cli
