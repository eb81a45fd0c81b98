#include "cli/task.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bascule/run/run_folder.h>

namespace bascule::cli {

Result<std::string> task_of(const Config& spec) {
  static const std::vector<std::string> tasks = {"recommend", "classify", "regress"};
  const ConfigValue* value = spec.find("task");
  if (value == nullptr) return tasks[0];
  const auto* task = std::get_if<std::string>(&value->data);
  if (task == nullptr || std::find(tasks.begin(), tasks.end(), *task) == tasks.end()) {
    const auto near = task == nullptr ? std::nullopt : nearest_word(*task, tasks);
    return Error{Code::kUsage, fmt::format("{}: task is {}, not one of {}{}", value->origin,
                                           value->to_toml(), fmt::join(tasks, ", "),
                                           near ? fmt::format(" (did you mean {}?)", *near) : "")};
  }
  return *task;
}

Result<std::string> task_of_run(const std::string& path) {
  constexpr std::string_view kNeeded[] = {kSpecFile};
  BASCULE_ASSIGN(const Run run, Run::open(path, kNeeded));
  BASCULE_ASSIGN(const std::string text, run.spec());
  const Result<Config> config = Config::parse(text, std::string(kSpecFile));
  Result<std::string> task = config.ok() ? task_of(*config) : Result<std::string>(config.error());
  if (!task.ok())
    return Error{Code::kBadData, fmt::format("{}: {}", run.file(kSpecFile), task.error().message)};
  return task;
}

}  // namespace bascule::cli
